-- The schema that a first version of such a program would have: one wide row per event, stack and breadcrumbs as JSONB,
-- five B-trees and a GIN index on the tags. Plain COPY into it is what `bulk_over_wide_copy` is measured against.
drop table if exists wide_events;
create table wide_events (
  event_id        uuid primary key,                              -- B-tree 1
  project_id      integer not null,
  issue_id        bigint not null,
  received_at     timestamptz not null,
  occurred_at     timestamptz not null,
  level           text not null,
  platform        text not null,
  logger          text,
  environment     text,
  release         text,
  server_name     text,
  transaction     text,
  message         text,
  exception_type  text,
  exception_value text,
  user_id         text,
  user_email      text,
  user_ip         inet,
  sdk             text,
  stacktrace      jsonb,
  breadcrumbs     jsonb,
  contexts        jsonb,
  request         jsonb,
  tags            jsonb,
  extra           jsonb
);
create index wide_by_time        on wide_events (project_id, received_at desc);                 -- B-tree 2
create index wide_by_issue       on wide_events (issue_id, received_at desc);                   -- B-tree 3
create index wide_by_level       on wide_events (project_id, level, received_at desc);          -- B-tree 4
create index wide_by_environment on wide_events (project_id, environment, received_at desc);    -- B-tree 5
create index wide_by_tag         on wide_events using gin (tags jsonb_path_ops);
