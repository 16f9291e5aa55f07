-- Written by Cutprint. The agent for editions of DaVinci Resolve without Python (Free 21.1 and later).
--
-- A menu entry sets CUTPRINT_WISH and CUTPRINT_MAILBOX and runs this file. It says its wish through Fusion's preferences, then does what
-- `request.lua` in the mailbox asks, from the fixed table of operations below (the same as in resolve_scripts/resolve_host.py), until it
-- is told to end. It runs in a sandbox: no io, os.execute, require; print may be mute. Nothing is written while nothing is asked.

local WISH = CUTPRINT_WISH or "connect"
local MAILBOX = CUTPRINT_MAILBOX or ""
local POLL_S, OLD_S, PATIENCE_S, PART = 0.05, 120, 900, 30000

local fusion = fusion or fu
local resolve = resolve or (Resolve and Resolve()) or (app and app:GetResolve())
local NULL = {}
local LIST = {}

local function list(rows) return setmetatable(rows or {}, LIST) end
local function nullable(value) if value == nil then return NULL end return value end

-- JSON and base64 --------------------------------------------------------------------------------------------------------------------

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(one) return ESCAPES[one] or string.format("\\u%04x", one:byte()) end) .. '"'
end

local encode

local function encoded_list(rows)
  local parts = {}
  for k = 1, #rows do parts[k] = encode(rows[k]) end
  return "[" .. table.concat(parts, ",") .. "]"
end

function encode(value)
  local kind = type(value)
  if value == nil or value == NULL then return "null" end
  if kind == "boolean" then return tostring(value) end
  if kind == "number" then
    if value ~= value or value == math.huge or value == -math.huge then return "null" end
    return value == math.floor(value) and string.format("%.0f", value) or string.format("%.14g", value)
  end
  if kind == "string" then return quoted(value) end
  if kind ~= "table" then return "null" end
  if getmetatable(value) == LIST then return encoded_list(value) end
  local parts = {}
  for key, one in pairs(value) do parts[#parts + 1] = quoted(tostring(key)) .. ":" .. encode(one) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(text)
  local out = {}
  for k = 1, #text, 3 do
    local a, b, c = text:byte(k, k + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    local function digit(shift) local d = math.floor(n / shift) % 64 return DIGITS:sub(d + 1, d + 1) end
    out[#out + 1] = digit(262144) .. digit(4096) .. (b and digit(64) or "=") .. (c and digit(1) or "=")
  end
  return table.concat(out)
end

-- Resolve: what is missing or fails is nil -------------------------------------------------------------------------------------------

local function method_of(thing, name)
  if thing == nil then return nil end
  local ok, method = pcall(function() return thing[name] end)
  return ok and method or nil
end

local function call(thing, name, ...)
  local method = method_of(thing, name)
  if method == nil then return nil end
  local ok, result = pcall(method, thing, ...)
  if ok then return result end
  return nil
end

local function fail(cause, fix, code) error({ cause = cause, fix = fix, code = code }, 0) end

local function project()
  local found = call(call(resolve, "GetProjectManager"), "GetCurrentProject")
  if found == nil then fail("No project is open in Resolve.", "Open a project, then click again.", "no_project") end
  return found
end

local function ready()
  if call(resolve, "GetCurrentPage") == nil then
    fail("A window is open in Resolve (or its Project Manager), so nothing can be changed.",
      "Close the window, open the project on the Edit page, and click again.", "modal")
  end
  return project()
end

local function timelines()
  local found = {}
  for k = 1, call(project(), "GetTimelineCount") or 0 do found[#found + 1] = call(project(), "GetTimelineByIndex", k) end
  return found
end

local function timeline_of(uid)
  local found
  if uid == nil then
    found = call(project(), "GetCurrentTimeline")
  else
    for _, one in ipairs(timelines()) do
      if call(one, "GetUniqueId") == uid then found = one end
    end
  end
  if found == nil then fail("No timeline is open.", "Open the timeline that is meant, then click again.", "no_timeline") end
  return found
end

local function plain(path) return (path:gsub("\\", "/")) end
local function number(value) return tonumber(value) or 0 end

local function number_text(value)
  local found = tonumber((tostring(value):match("^%S+"))) -- "29.97 DF" is one too
  return found and string.format("%.6g", found) or ""
end

local function starts_with(text, head) return text:sub(1, #head) == head end

local items_by_uid = {}

local function pool_row(item)
  local known = call(item, "GetClipProperty") or {}
  local marks = (call(item, "GetMarkInOut") or {}).video or {}
  return {
    uid = call(item, "GetUniqueId"),
    name = call(item, "GetName") or "",
    path = known["File Path"] or "",
    type = known["Type"] or "",
    fps = number_text(known["FPS"]),
    frames = math.floor(number(known["Frames"])),
    online = (known["Online Status"] or "Online") ~= "Offline",
    colour = call(item, "GetClipColor") or "",
    ["in"] = nullable(marks["in"]),
    out = nullable(marks.out),
    start_tc = known["Start TC"] or "",
    in_tc = known["In"] or "",
    out_tc = known["Out"] or "",
  }
end

local function markers_of(thing)
  local rows = list()
  for frame, mark in pairs(call(thing, "GetMarkers") or {}) do
    rows[#rows + 1] = {
      frame = math.floor(number(frame)), color = mark.color or "", name = mark.name or "", note = mark.note or "",
      frames = math.floor(number(mark.duration)), data = mark.customData or "",
    }
  end
  table.sort(rows, function(a, b) return a.frame < b.frame end)
  return rows
end

local function each_track(timeline, visit)
  for _, kind in ipairs({ "video", "audio" }) do
    for index = 1, call(timeline, "GetTrackCount", kind) or 0 do visit(kind, index) end
  end
end

local function things(timeline)
  local found = {}
  each_track(timeline, function(kind, index)
    for _, item in ipairs(call(timeline, "GetItemListInTrack", kind, index) or {}) do found[#found + 1] = { item, kind, index } end
  end)
  return found
end

local function by_uid(timeline)
  local found = {}
  for _, row in ipairs(things(timeline)) do found[call(row[1], "GetUniqueId") or ""] = row[1] end
  return found
end

local function media_row(media)
  local known = call(media, "GetClipProperty") or {}
  return {
    uid = call(media, "GetUniqueId"), path = known["File Path"] or "", fps = number_text(known["FPS"]),
    frames = math.floor(number(known["Frames"])),
  }
end

local function item_row(item, kind, index)
  local media = call(item, "GetMediaPoolItem")
  local properties, kept, count = call(item, "GetProperty") or {}, {}, 0
  for key, value in pairs(properties) do
    count = count + 1
    if type(value) ~= "table" and type(value) ~= "userdata" then kept[key] = value end
  end
  local speed = call(item, "GetSpeed")
  return {
    uid = call(item, "GetUniqueId"), name = call(item, "GetName") or "", type = kind, track = index,
    start = call(item, "GetStart"), ["end"] = call(item, "GetEnd"), left = nullable(call(item, "GetLeftOffset")),
    src_start = nullable(call(item, "GetSourceStartFrame")), src_end = nullable(call(item, "GetSourceEndFrame")),
    speed = (type(speed) == "table" and speed.Percentage) and speed.Percentage / 100 or NULL,
    enabled = call(item, "GetClipEnabled") ~= false, colour = call(item, "GetClipColor") or "", markers = markers_of(item),
    fusion = call(item, "GetFusionCompCount") or 0, props = kept, media = media and media_row(media) or NULL,
    what = call(item, "GetType") or (media and "clip") or (count > 0 and "generator") or "transition",
  }
end

local function put_marker(thing, frame, mark)
  for _, shift in ipairs({ 0, 1, 2, -1 }) do
    local words = { mark.colour, mark.name, mark.note, mark.frames or 1, mark.data or "" }
    if call(thing, "AddMarker", frame + shift, words[1], words[2], words[3], words[4], words[5]) then return true end
  end
  return false
end

local COLOUR_KEYS = { "colorScienceMode", "rcmPresetMode", "separateColorSpaceAndGamma", "colorSpaceTimeline", "colorSpaceOutput" }

local function set(timeline, settings)
  local wanted, any = {}, false
  for key, value in pairs(settings) do
    if tostring(call(timeline, "GetSetting", key) or "") ~= value then wanted[key], any = value, true end
  end
  local refused = list()
  if not any then return refused end
  local colours = {}
  for _, key in ipairs(COLOUR_KEYS) do colours[key] = call(timeline, "GetSetting", key) end
  call(timeline, "SetSetting", "useCustomSettings", "1")
  for key, value in pairs(wanted) do call(timeline, "SetSetting", key, value) end
  for key, value in pairs(colours) do
    if value ~= "" and call(timeline, "GetSetting", key) ~= value then call(timeline, "SetSetting", key, value) end
  end
  for key, value in pairs(wanted) do
    if tostring(call(timeline, "GetSetting", key) or "") ~= value then refused[#refused + 1] = key end
  end
  return refused
end

local function dress(item, row)
  local refused = list()
  for name, value in pairs(row.props or {}) do
    if not call(item, "SetProperty", name, value) then refused[#refused + 1] = name end
  end
  if row.colour and row.colour ~= "" then
    call(item, "SetClipColor", row.colour)
    if call(item, "GetClipColor") ~= row.colour then refused[#refused + 1] = "colour" end
  elseif row.colour == "" then
    call(item, "ClearClipColor")
  end
  if row.enabled ~= nil then call(item, "SetClipEnabled", row.enabled) end
  for _, data in ipairs(row.unmark or {}) do call(item, "DeleteMarkerByCustomData", data) end
  for _, mark in ipairs(row.markers or {}) do
    if not put_marker(item, (call(item, "GetLeftOffset") or 0) + mark.frame, mark) then refused[#refused + 1] = "marker" end
  end
  return refused
end

-- Operations -------------------------------------------------------------------------------------------------------------------------

local OPERATIONS = {}

function OPERATIONS.still() return {} end

function OPERATIONS.hello()
  local version, numbers = call(resolve, "GetVersion") or {}, list()
  for k = 1, 3 do numbers[k] = math.floor(number(version[k])) end
  local open = call(call(resolve, "GetProjectManager"), "GetCurrentProject")
  local product = call(resolve, "GetProductName") or ""
  return {
    product = product, version = numbers, studio = product:sub(-6) == "Studio", page = nullable(call(resolve, "GetCurrentPage")),
    project = nullable(call(open, "GetName")), project_id = nullable(call(open, "GetUniqueId")),
    fps = number_text(call(open, "GetSetting", "timelineFrameRate")), host = "lua",
  }
end

function OPERATIONS.pool()
  local pool = call(project(), "GetMediaPool")
  local folder = call(pool, "GetCurrentFolder")
  local picked, scope = call(pool, "GetSelectedClips") or {}, "selection"
  local beside = call(folder, "GetClipList") or {}
  if #picked == 0 then picked, scope = beside, "bin" end
  local items, others = list(), list()
  for k, one in ipairs(picked) do items[k] = pool_row(one) end
  for k, one in ipairs(beside) do others[k] = pool_row(one) end
  return { scope = scope, bin = call(folder, "GetName") or "", items = items, beside = others }
end

function OPERATIONS.find(wish)
  local pool = call(ready(), "GetMediaPool")
  local known, folders = {}, { call(pool, "GetRootFolder") }
  while #folders > 0 do
    local folder = table.remove(folders)
    for _, item in ipairs(call(folder, "GetClipList") or {}) do
      local path = call(item, "GetClipProperty", "File Path")
      if path and path ~= "" and known[plain(path)] == nil then known[plain(path)] = item end
    end
    for _, one in ipairs(call(folder, "GetSubFolderList") or {}) do folders[#folders + 1] = one end
  end
  local rows = {}
  items_by_uid = {}
  for _, path in ipairs(wish.paths) do
    if known[plain(path)] == nil then
      for _, item in ipairs(call(pool, "ImportMedia", { path }) or {}) do known[plain(path)] = item end
    end
    local item = known[plain(path)]
    if item ~= nil then
      rows[path] = pool_row(item)
      items_by_uid[rows[path].uid] = item
    end
  end
  return { rows = rows }
end

function OPERATIONS.names()
  local names = list()
  for k, one in ipairs(timelines()) do names[k] = call(one, "GetName") end
  return { names = names }
end

function OPERATIONS.snapshot(wish)
  local timeline = timeline_of(wish.uid)
  local selected, tracks, items = list(), list(), list()
  for _, one in ipairs(call(timeline, "GetSelectedClips") or {}) do selected[#selected + 1] = call(one, "GetUniqueId") end
  if #selected == 0 and method_of(timeline, "GetSelectedClips") == nil then
    local under = call(timeline, "GetCurrentVideoItem")
    if under ~= nil then selected[1] = call(under, "GetUniqueId") end
  end
  each_track(timeline, function(kind, index)
    tracks[#tracks + 1] = {
      type = kind, index = index, name = call(timeline, "GetTrackName", kind, index) or "",
      locked = call(timeline, "GetIsTrackLocked", kind, index) == true, enabled = call(timeline, "GetIsTrackEnabled", kind, index) ~= false,
    }
  end)
  for _, row in ipairs(things(timeline)) do
    if call(row[1], "GetStart") ~= nil then items[#items + 1] = item_row(row[1], row[2], row[3]) end
  end
  local marks = (call(timeline, "GetMarkInOut") or {}).video or {}
  local hello = OPERATIONS.hello()
  return {
    schema = "cutprint.resolve-snapshot", v = 1,
    resolve = { product = hello.product, version = hello.version }, project = { id = hello.project_id, name = hello.project },
    timeline = {
      id = call(timeline, "GetUniqueId"), name = call(timeline, "GetName"),
      fps = number_text(call(timeline, "GetSetting", "timelineFrameRate") or hello.fps),
      start_frame = call(timeline, "GetStartFrame"), end_frame = call(timeline, "GetEndFrame"),
      width = math.floor(number(call(timeline, "GetSetting", "timelineResolutionWidth"))),
      height = math.floor(number(call(timeline, "GetSetting", "timelineResolutionHeight"))),
      binding = call(call(timeline, "GetMediaPoolItem"), "GetThirdPartyMetadata", "cutprint") or "",
    },
    selected = selected, marks = { ["in"] = nullable(marks["in"]), out = nullable(marks.out) },
    tracks = tracks, items = items, markers = markers_of(timeline),
  }
end

function OPERATIONS.new_timeline(wish)
  local here = ready()
  call(resolve, "OpenPage", "edit")
  local timeline = call(call(here, "GetMediaPool"), "CreateEmptyTimeline", wish.name)
  if timeline == nil then
    fail("Resolve did not make the timeline " .. wish.name .. ".", "Rename timelines of that name, then click again.", "name_used")
  end
  call(here, "SetCurrentTimeline", timeline)
  return { uid = call(timeline, "GetUniqueId"), refused = set(timeline, wish.settings) }
end

function OPERATIONS.settings(wish) return { refused = set(timeline_of(wish.uid), wish.settings) } end

function OPERATIONS.duplicate(wish)
  local here = ready()
  local copy = call(timeline_of(wish.uid), "DuplicateTimeline", wish.name)
  if copy == nil then
    fail("Resolve did not copy the timeline as " .. wish.name .. ".", "Rename timelines of that name, then click again.", "name_used")
  end
  call(resolve, "OpenPage", "edit")
  call(here, "SetCurrentTimeline", copy)
  return { uid = call(copy, "GetUniqueId") }
end

function OPERATIONS.import_timeline(wish)
  local pool = call(ready(), "GetMediaPool")
  local options = { timelineName = wish.name, importSourceClips = false, sourceClipsFolders = { call(pool, "GetRootFolder") } }
  local timeline = call(pool, "ImportTimelineFromFile", wish.path, options)
  if timeline ~= nil then call(project(), "SetCurrentTimeline", timeline) end
  return { uid = nullable(call(timeline, "GetUniqueId")) }
end

function OPERATIONS.append(wish)
  local infos = {}
  for _, row in ipairs(wish.rows) do
    local item = items_by_uid[row.pool]
    if item ~= nil then
      local info = { mediaPoolItem = item, startFrame = row.start, endFrame = row["end"], recordFrame = row.record, trackIndex = row.track }
      if row.kind ~= 0 then info.mediaType = row.kind end
      infos[#infos + 1] = info
    end
  end
  call(call(project(), "GetMediaPool"), "AppendToTimeline", infos)
  return {}
end

function OPERATIONS.delete(wish)
  call(resolve, "OpenPage", "edit")
  local timeline = timeline_of(wish.uid)
  local function left()
    local found, here = {}, by_uid(timeline)
    for _, uid in ipairs(wish.items) do
      if here[uid] ~= nil then found[#found + 1] = here[uid] end
    end
    return found
  end
  for _ = 1, 2 do
    local found = left()
    if #found == 0 or call(timeline, "DeleteClips", found, false) then break end
  end
  return { left = #left() }
end

function OPERATIONS.dress(wish)
  local here, refused = by_uid(timeline_of(wish.uid)), {}
  for uid, row in pairs(wish.items) do
    local found = dress(here[uid], row)
    if #found > 0 then refused[uid] = found end
  end
  return { refused = refused }
end

function OPERATIONS.marks(wish)
  local timeline, refused = timeline_of(wish.uid), 0
  for _, data in ipairs(wish.drop or {}) do call(timeline, "DeleteMarkerByCustomData", data) end
  for _, mark in ipairs(wish.markers) do
    if not put_marker(timeline, mark.frame, mark) then refused = refused + 1 end
  end
  return { refused = refused }
end

function OPERATIONS.bind(wish)
  local timeline = timeline_of(wish.uid)
  local held = call(call(timeline, "GetMediaPoolItem"), "SetThirdPartyMetadata", "cutprint", wish.data) and true or false
  if wish.old and wish.old ~= "" then call(timeline, "DeleteMarkerByCustomData", wish.old) end
  local last = call(timeline, "GetEndFrame") - call(timeline, "GetStartFrame") - 1
  local mark = { colour = "Sand", name = "Cutprint", note = "Made by Cutprint; keep this marker.", data = wish.data }
  return { bound = put_marker(timeline, math.max(0, last - 2), mark) or held }
end

function OPERATIONS.transition(wish)
  local here, refused = by_uid(timeline_of(wish.uid)), list()
  for _, row in ipairs(wish.items) do
    local asked = { type = "Cross Dissolve", category = "simple", position = "end", alignment = "center", duration = row.frames }
    if call(here[row.uid], "AddTransition", asked) == nil then refused[#refused + 1] = row.uid end
  end
  return { refused = refused }
end

function OPERATIONS.fades(wish)
  local here, refused = by_uid(timeline_of(wish.uid)), list()
  for _, row in ipairs(wish.items) do
    if not call(here[row.uid], "SetFades", { FadeIn = row["in"], FadeOut = row.out }) then refused[#refused + 1] = row.uid end
  end
  return { refused = refused }
end

function OPERATIONS.copy_grade(wish)
  local old, new, done = by_uid(timeline_of(wish.source_uid)), by_uid(timeline_of(wish.uid)), 0
  for _, pair in ipairs(wish.pairs) do
    if call(old[pair[1]], "CopyGrades", { new[pair[2]] }) then done = done + 1 end
  end
  return { copied = done }
end

function OPERATIONS.add_track(wish) return { added = call(timeline_of(wish.uid), "AddTrack", wish.kind) and true or false } end

function OPERATIONS.drop_timeline(wish)
  return { dropped = call(call(project(), "GetMediaPool"), "DeleteTimelines", { timeline_of(wish.uid) }) and true or false }
end

function OPERATIONS.render_formats()
  local function ids(found)
    local rows = list()
    for _, one in pairs(found or {}) do rows[#rows + 1] = one end
    table.sort(rows)
    return rows
  end
  return { formats = ids(call(project(), "GetRenderFormats")), mp4 = ids(call(project(), "GetRenderCodecs", "mp4")) }
end

function OPERATIONS.show(wish)
  call(project(), "SetCurrentTimeline", timeline_of(wish.uid))
  call(resolve, "OpenPage", "edit")
  return {}
end

-- The mailbox ------------------------------------------------------------------------------------------------------------------------

local function say(key, text)
  fusion:SetPrefs("Global.Cutprint." .. key, text)
end

local function answer(id, result)
  local body = base64(encode(result))
  local count = math.max(1, math.ceil(#body / PART))
  for k = 1, count do say("MailPart" .. k, body:sub((k - 1) * PART + 1, k * PART)) end
  say("MailResponse", id .. ":" .. count)
  fusion:SavePrefs()
end

local function perform(request)
  local operation = OPERATIONS[request.op]
  if operation == nil then return { error = { cause = "Cutprint is newer than this menu.", fix = "Run: cutprint install resolve", code = "old" } } end
  local ok, result = pcall(operation, request.payload or {})
  if ok then return { result = result } end
  if type(result) == "table" then return { error = result } end
  return { error = { cause = "Cutprint's agent failed: " .. tostring(result), fix = "Please report it.", code = "agent" } }
end

local function next_request(last)
  local path = MAILBOX .. "/request.lua"
  if not bmd.fileexists(path) then return nil end
  local chunk = loadfile(path)
  if chunk == nil then return nil end -- half written: the next look sees it whole
  setfenv(chunk, {})
  local ok, request = pcall(chunk)
  if not ok or type(request) ~= "table" or type(request.id) ~= "string" or request.id == last then return nil end
  if type(request.at) ~= "number" or math.abs(os.time() - request.at) > OLD_S then return nil end
  return request
end

local function serve(session)
  local last, heard = nil, os.time()
  while os.time() - heard < PATIENCE_S do
    if fusion:GetPrefs("Global.Cutprint.MailSession") ~= session then return end -- another click took over
    local request = next_request(last)
    if request ~= nil then
      last, heard = request.id, os.time()
      answer(request.id, request.op == "end" and { result = {} } or perform(request))
      if request.op == "end" then return end
    end
    bmd.wait(POLL_S)
  end
end

local function canary()
  local boxed = io == nil and "sandbox" or "full"
  local product, version = call(resolve, "GetProductName") or "", call(resolve, "GetVersionString") or ""
  if boxed == "full" then
    print("Cutprint: Lua works here. Where its other entries are missing, Resolve found no Python. Run: cutprint doctor")
  end
  return "canary:" .. boxed .. ":" .. product:gsub(":", " ") .. ":" .. version
end

if WISH == "canary" then WISH = canary() end
local session = os.time() .. "-" .. tostring(bmd.getpid and bmd.getpid() or 0) .. "-" .. math.floor(os.clock() * 1000)
say("MailSession", session)
say("MailWish", session .. ":" .. os.time() .. ":" .. WISH)
fusion:SavePrefs()
if not starts_with(WISH, "canary:") then serve(session) end
