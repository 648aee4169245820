-- Permits are a set, which is changed and not written anew.
function permits.held(key) return call('ZCOUNT', key, '(' .. string.format('%.0f', micro), '+inf') end
function permits.ends(o) return string.format('%.0f', micro + math.ceil(o.span / 1000)) end
function permits.add(key, o)
  local ends = permits.ends(o)
  call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', micro))
  for permit = 1, o.cost do
    call('ZADD', key, ends, o.who_has .. ':' .. permit)
  end
  call('PEXPIRE', key, string.format('%d', (o.span + 999999) / 1e6))
end
function permits.renew(key, o)
  for permit = 1, o.cost do
    call('ZADD', key, 'XX', permits.ends(o), o.who_has .. ':' .. permit)
  end
  call('PEXPIRE', key, string.format('%d', (o.span + 999999) / 1e6))
end
function permits.remove(key, o)
  for permit = 1, o.cost do
    call('ZREM', key, o.who_has .. ':' .. permit)
  end
end
