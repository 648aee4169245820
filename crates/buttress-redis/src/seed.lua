-- Keeps a secret that whoever comes first brings along, and gives it to all who come after.
--
-- KEYS[1]  the record: "1 SECRET", with the version of this form
-- ARGV[1]  the secret to keep if there is none: 32 hexadecimal digits
--
-- Answers the record.

local record = redis.call('GET', KEYS[1])
if not record then
  record = '1 ' .. ARGV[1]
  redis.call('SET', KEYS[1], record)
end
return record
