-- Which quarantined events are to go round again (`mesher replay`): a server takes them from here. What is no event (a
-- bundle of counts, what a user said, an unreadable record) can't.
alter table quarantine add column replay_requested_at timestamptz;
alter table quarantine add column is_event boolean not null default true;
update quarantine set is_event = false where left(payload, 1) <> '{';
create index quarantine_to_replay on quarantine (id) where replay_requested_at is not null;

-- What an issue's first event is made of, to find similar ones; format in nodes/similarity.hpp. Written by the
-- transaction that creates the issue; issues older than this table have none.
create table issue_signatures (
  project_id integer not null,
  issue_id   bigint not null,
  signature  bytea not null,                      -- 96 bytes
  primary key (project_id, issue_id)
);
alter table issue_signatures alter column signature set storage plain;

-- What users of the programs that failed said about it.
create table feedback (
  project_id  integer not null,
  id          uuid not null,
  event_id    uuid,                               -- null: about no event
  issue_id    bigint,                             -- null: the event was not stored when this was
  received_at timestamptz not null,
  name        text not null,
  email       text not null,
  comments    text not null,
  url         text not null,
  primary key (project_id, id)
);
create index feedback_time on feedback (project_id, received_at desc, id desc);
create index feedback_issue on feedback (project_id, issue_id, received_at desc, id desc) where issue_id is not null;
create index feedback_without_issue on feedback (project_id, received_at desc) where issue_id is null and event_id is not null;
