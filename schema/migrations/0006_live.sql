-- Live sockets are looked at again when rights change: nodes listen to mesher_rights. What only prolongs or notes a use is
-- no such change. Rights that end by themselves, by time, the nodes watch on their own.
create function note_rights_change() returns trigger language plpgsql as $$
begin
  perform pg_notify('mesher_rights', '');
  return null;
end
$$;
create trigger note_rights after update or delete or truncate on members
  for each statement execute function note_rights_change();
create trigger note_rights_gone after delete or truncate on api_tokens
  for each statement execute function note_rights_change();
create trigger note_rights after update of user_id, scopes, expires_at on api_tokens
  for each statement execute function note_rights_change();
create trigger note_rights_gone after delete or truncate on sessions
  for each statement execute function note_rights_change();
create trigger note_rights after update of user_id, expires_at on sessions
  for each statement execute function note_rights_change();
create trigger note_rights after delete or truncate on users
  for each statement execute function note_rights_change();
create trigger note_owner after update of is_instance_owner on users
  for each statement execute function note_rights_change();
create trigger note_rights_gone after delete or truncate on projects
  for each statement execute function note_rights_change();
create trigger note_rights after update of organization_id on projects
  for each statement execute function note_rights_change();
