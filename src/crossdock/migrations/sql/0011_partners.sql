-- Control numbers we give, without gaps: one row for each pair of partners, direction and level. The row stays locked
-- until the document that bears the number is committed, so a number that was not used is given again.
create table crossdock.control_number (
  tenant_id text not null references crossdock.tenant,
  sender text not null,
  receiver text not null,
  direction text not null check (direction in ('in', 'out')),
  level text not null check (level in ('interchange', 'group', 'message')),
  last bigint not null,
  primary key (tenant_id, sender, receiver, direction, level)
);
select crossdock.protect('crossdock.control_number');

-- What was sent before goes on where it stopped: its group bore the number of its interchange.
insert into crossdock.control_number (tenant_id, sender, receiver, direction, level, last)
select d.tenant_id, d.sender, d.receiver, 'out', l.level, max(d.interchange_control::bigint)
from crossdock.document d cross join (values ('interchange'), ('group')) as l (level)
where d.direction = 'out' and d.format = 'x12' and d.sender is not null and d.receiver is not null
  and d.interchange_control ~ '^[0-9]{1,9}$'
group by d.tenant_id, d.sender, d.receiver, l.level;
