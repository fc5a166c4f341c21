-- What each project keeps of each day, measured by retention (io/postgres/storage_figures.hpp): so that asking for it costs
-- the same however many events there are.
create table storage_days (
  project_id    integer not null,
  day           date not null,
  events        bigint not null,
  blocks        bigint not null,
  row_bytes     bigint not null,                  -- its share of the partition's rows, …
  payload_bytes bigint not null,                  -- … of the payload blocks …
  index_bytes   bigint not null,                  -- … and of the indexes of both
  primary key (project_id, day)
);
-- Up to which change of the day's partitions (inserts + updates + deletes, as PostgreSQL counts them) that is true.
create table storage_measured (
  day         date primary key,
  changes     bigint not null,
  measured_at timestamptz not null default now()
);
