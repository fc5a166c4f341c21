-- Which quarantined events are to go round again (`mesher replay`): a server takes them from here.
alter table quarantine add column replay_requested_at timestamptz;
create index quarantine_to_replay on quarantine (id) where replay_requested_at is not null;
