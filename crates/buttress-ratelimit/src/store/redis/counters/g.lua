local g = { version = 2 }
-- How far ahead, and BOUND: the furthest of who wrote it, in tenths of a second.
function g.read(record, c)
  if not record then return { 0, 0 } end
  local version, seconds, nanos, bound = 1, 0, 0, 0
  if #record == 13 then
    version, seconds, nanos, bound = read('>BI4I4I4', record)
    if version ~= 2 then invalid() end
  else
    if #record ~= 9 then invalid() end
    version, seconds, nanos = read('>BI4I4', record)
    if version ~= 1 then invalid() end
  end
  local ahead = math.max(0, after(seconds, nanos))
  if ahead <= math.max(c.span, bound * 1e8) then return { ahead, bound } end
  return { c.span, 0 }, true
end
function g.room(s, c) return s[1] + c.cost <= c.most end
function g.add(s, c)
  local before = s[1]
  s[1] = math.max(before, math.min(before + c.cost, c.span))
  return s[1] - before
end
function g.remove(s, c)
  local left = c.to and math.max(0, c.to) or c.cost
  s[1] = s[1] - math.min(c.cost, left, s[1])
end
function g.write(s, c)
  if s[1] <= 0 then return end
  local seconds, nanos = at(s[1])
  return pack('>BI4I4I4', 2, seconds, nanos, s[1] > c.span and s[2] or c.span / 1e8 + 1), s[1]
end
function g.answer(s, c) return math.min(s[1], c.span), 0, 0 end
kinds.g = g
