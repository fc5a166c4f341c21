-- The tags of an event as text (io/postgres/tag_text.hpp): a third less than jsonb, and nothing to parse when it is stored.
create function tag_text(tags jsonb) returns text
language sql immutable strict parallel safe as
$$ select E'\x1e' || string_agg(translate(key, E'\x1e\x1f', '  ') || E'\x1f' || translate(value, E'\x1e\x1f', '  ') || E'\x1e', '')
   from jsonb_each_text(tags) $$;
alter table events alter column tags type text using tag_text(tags);
drop function tag_text;

-- The value of a tag; null without it.
create function tag_value(tags text, key text) returns text
language sql immutable strict parallel safe as
$$ select case when strpos(tags, E'\x1e' || key || E'\x1f') > 0
               then split_part(split_part(tags, E'\x1e' || key || E'\x1f', 2), E'\x1e', 1) end $$;

create function has_any_tag(tags text, keys text[]) returns boolean
language sql immutable parallel safe as
$$ select exists (select from unnest(keys) k where strpos(tags, E'\x1e' || k || E'\x1f') > 0) $$;

create function tag_pairs(tags text) returns table (key text, value text)
language sql immutable parallel safe as
$$ select split_part(pair, E'\x1f', 1), split_part(pair, E'\x1f', 2)
   from string_to_table(substr(tags, 2, length(tags) - 2), E'\x1e') pair $$;
