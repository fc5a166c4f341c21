-- Of each key, the sum of its values in tag_days: what keys a project has is read from a few hundred rows a day, however
-- many values they have. Kept by the same statement.
create table tag_key_days (
  project_id integer not null,
  day        date not null,
  key        text not null,
  events     bigint not null,
  named      integer not null,                    -- values that tag_days counts by name
  primary key (project_id, day, key)
) with (fillfactor = 50);
insert into tag_key_days
select project_id, day, key, sum(events), count(*) filter (where value <> '') from tag_days group by 1, 2, 3;
