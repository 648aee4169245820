local g = {}
function g.read(record, c)
  if not record then return { 0 } end
  if #record ~= 9 then invalid() end
  local _, seconds, nanos = read('>BI4I4', record)
  local ahead = math.max(0, after(seconds, nanos))
  return { math.min(ahead, c.span) }, ahead > c.span
end
function g.room(s, c) return s[1] + c.cost <= c.most end
function g.add(s, c) s[1] = math.min(s[1] + c.cost, c.span) end
function g.remove(s, c)
  local left = c.to and math.max(0, c.to) or c.cost
  s[1] = s[1] - math.min(c.cost, left, s[1])
end
function g.write(s)
  if s[1] <= 0 then return end
  local seconds, nanos = at(s[1])
  return pack('>BI4I4', 1, seconds, nanos), s[1]
end
function g.answer(s) return s[1], 0, 0 end
kinds.g = g
