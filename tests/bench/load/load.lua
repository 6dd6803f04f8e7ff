-- The load that wrk makes: sends a plan's requests in turn, checks every answer whole and times it. drive.js writes plans, starts wrk
-- and reads the one line of JSON that comes out. What the requests mean is not known here.
--
-- A plan is a table: `tag` stands in requests and answers where each request has a text of its own; `serial` begins those texts.
-- An answer must be one that is awaited. Equal answers are told apart by age, the oldest first, which leaves sums exact. A measure
-- takes a whole number of answers for each connection, at least two: servers that answer in bursts would otherwise be read by chance.
local ffi = require("ffi")
ffi.cdef("typedef struct { long s; long ns; } moment; int clock_gettime(int clock, moment *now);")

local CLOCK_MONOTONIC = 1
local moment = ffi.new("moment")
local plan, requests, answers
local sent, answered, verified = 0, 0, false
local awaited = {} -- by answer: when its requests were sent
local began, began_measuring
local times = {}

local function now()
    ffi.C.clock_gettime(CLOCK_MONOTONIC, moment)
    return tonumber(moment.s) + tonumber(moment.ns) / 1e9
end

-- The parts of a text between its tags.
local function split(text)
    local parts, from = {}, 1
    while true do
        local first, last = text:find(plan.tag, from, true)
        parts[#parts + 1] = text:sub(from, (first or 0) - 1)
        if not first then return parts end
        from = last + 1
    end
end

local function fail(reason, text)
    io.stderr:write("wrong answer: ", reason, "\n", (text or ""):sub(1, 600), "\n")
    os.exit(1)
end

local function finish(at)
    if sent - answered > plan.connections then fail((sent - answered) .. " requests are without answer") end
    table.sort(times)
    local function percentile(p) return times[math.max(1, math.ceil(#times * p))] * 1000 end
    local result = '{"count":%d,"per_s":%.6g,"p50_ms":%.6g,"p99_ms":%.6g}\n'
    io.stdout:write("\n", result:format(#times, #times / (at - began_measuring), percentile(0.5), percentile(0.99)))
    io.stdout:flush()
    os.exit(0)
end

function init(arguments)
    plan = dofile(arguments[1])
    requests, answers = {}, {}
    for at, text in ipairs(plan.requests) do requests[at] = split(text) end
    for at, text in ipairs(plan.answers) do answers[at] = split(text) end
end

function request()
    local at = sent % #requests + 1
    local tag = plan.serial .. string.format("%0" .. #plan.tag - #plan.serial .. "d", sent)
    -- wrk asks for one request more, before the first, to look at it.
    if not verified then
        verified = true
        return table.concat(requests[at], tag)
    end
    local text, answer = table.concat(requests[at], tag), table.concat(answers[at], tag)
    sent = sent + 1
    local queue = awaited[answer]
    if not queue then
        queue = { first = 1, last = 0 }
        awaited[answer] = queue
    end
    local sent_at = now()
    began = began or sent_at
    if plan.warm_up == 0 then began_measuring = began end
    queue.last = queue.last + 1
    queue[queue.last] = sent_at
    return text
end

function response(status, _, body)
    local at = now()
    if status ~= 200 then fail("status " .. status, body) end
    local answer = body
    if plan.before then
        for _, mark in ipairs(plan.marks) do
            if not body:find(mark, 1, true) then fail("without " .. mark, body) end
        end
        local _, first = body:find(plan.before, 1, true)
        local last = first and body:find(plan.after, first, true)
        if not last then fail("no text", body) end
        answer = body:sub(first + 1, last - 1)
    end
    local queue = awaited[answer]
    if not queue then fail("nobody awaits it", answer) end
    local sent_at = queue[queue.first]
    queue[queue.first] = nil
    queue.first = queue.first + 1
    if queue.first > queue.last then awaited[answer] = nil end
    answered = answered + 1

    if began_measuring then
        times[#times + 1] = at - sent_at
        local whole = #times % plan.connections == 0 and #times >= 2 * plan.connections
        if #times >= plan.count or (whole and at - began_measuring >= plan.seconds) then finish(at) end
    elseif at - began >= plan.warm_up then
        began_measuring = at
    end
end

-- Only reached when answers stop coming: finish() ends wrk before.
function done()
    io.stderr:write("the server stopped answering\n")
    os.exit(1)
end
