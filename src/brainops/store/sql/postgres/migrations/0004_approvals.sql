-- Approvals, and the outbox of what somebody must be told.

select 1;
