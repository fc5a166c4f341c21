-- What search and the dashboards read, all of it kept by the transactions that store events and make issues.

-- When an issue's events were received, beside when they happened: lists and "new today" go by reception, because an
-- event that a client sends late, or with a wrong clock, is news all the same.
alter table issues
  add column first_received timestamptz not null default now(),
  add column last_received timestamptz not null default now();
update issues i set first_received = e.first, last_received = e.last
from (select project_id, issue_id, min(received_at) as first, max(received_at) as last from events group by 1, 2) e
where e.project_id = i.project_id and e.issue_id = i.id;

-- What an issue's first event says, for search: names of its stack and words of everything (nodes/query/words.hpp).
-- Apart from issues, whose rows are rewritten with every transaction.
create table issue_texts (
  project_id integer not null,
  issue_id   bigint not null,
  error_type text not null default '',
  message    text not null default '',
  functions  text[] not null default '{}',
  modules    text[] not null default '{}',
  files      text[] not null default '{}',
  words      tsvector not null,
  primary key (project_id, issue_id),
  foreign key (project_id, issue_id) references issues on delete cascade
);
create index on issue_texts using gin (words);
insert into issue_texts (project_id, issue_id, error_type, message, words)
select project_id, id, case when type = 'error' then split_part(title, ':', 1) else '' end, title,
       to_tsvector('simple', regexp_replace(title || ' ' || culprit, '[\u0001-/:-@\[-`{-\u007f]+', ' ', 'g'))
from issues;

-- The tag values, environments and releases that an issue has met; those that tag_days counts by name.
create table issue_tags (
  project_id integer not null,
  issue_id   bigint not null,
  key        text not null,
  value      text not null,
  primary key (project_id, key, value, issue_id),
  foreign key (project_id, issue_id) references issues on delete cascade
);
create index on issue_tags (project_id, issue_id);
insert into issue_tags (project_id, issue_id, key, value)
select distinct e.project_id, e.issue_id, left(t.key, 200), left(t.value, 200)
from events e,
  lateral (select key, value from jsonb_each_text(coalesce(e.tags, '{}'))
           union all select 'environment', e.environment where e.environment is not null
           union all select 'release', e.release where e.release is not null) t
where exists (select 1 from issues i where i.project_id = e.project_id and i.id = e.issue_id);

-- Words of the messages and hashes of the tags and users of a block's events (io/postgres/block_words.hpp): one entry of
-- the index serves hundreds of events. A block with the word * may hold anything.
alter table event_blocks add column words tsvector not null default '''*'''::tsvector;
create index event_blocks_words on event_blocks using gin (words);
create index events_block on events (block_id);

-- By hour: only environment and release, which the volume can be filtered by.
create table tag_hours (
  project_id integer not null,
  key        text not null,
  value      text not null,
  hour       timestamptz not null,
  events     bigint not null,
  primary key (project_id, key, value, hour)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
insert into tag_hours
select project_id, t.key, left(t.value, 200), date_trunc('hour', received_at), count(*)
from events e, lateral (values ('environment', e.environment), ('release', e.release)) as t (key, value)
where t.value is not null group by 1, 2, 3, 4;

create table issue_days (
  project_id integer not null,
  day        date not null,
  issue_id   bigint not null,
  events     bigint not null,
  primary key (project_id, day, issue_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
insert into issue_days
select project_id, (hour at time zone 'UTC')::date, issue_id, sum(events) from issue_hours group by 1, 2, 3;
create index on issue_hours (project_id, hour);

-- Sketches of a project's distinct users by UTC day of reception (io/postgres/hyperloglog.hpp). One row for each writer,
-- so that none waits for another; who asks merges them.
create table project_users (
  project_id integer not null,
  day        date not null,
  writer     text not null,                       -- journal and partition
  sketch     bytea not null,
  primary key (project_id, day, writer)
) with (fillfactor = 50);
alter table project_users alter column sketch set storage plain;
