"""The page at `/resolve`: what the menu in DaVinci Resolve is doing, what it wants to know, and a button to stop it."""

from __future__ import annotations

from bridge_server.status_page import _HEAD

__all__ = ["SCRIPT", "agent_page"]


def agent_page() -> str:
    """An empty page that its script fills, as text only: nothing that came from outside becomes markup."""
    body = (
        '<h1 id="title">Cutprint in DaVinci Resolve</h1><p><a href="/">Jobs and folders</a></p>'
        '<p id="message" role="status" aria-live="polite">Nothing runs. Use Workspace &gt; Scripts &gt; Cutprint in Resolve.</p>'
        '<p><progress id="bar" max="1" aria-labelledby="message" hidden></progress> <span id="share"></span></p>'
        '<ul id="lines"></ul><p id="fix"></p>'
        '<form id="form" hidden></form><p id="verbs" hidden></p><p><button id="stop" type="button" hidden>Stop</button></p>'
        '<noscript>This page needs JavaScript.</noscript><script src="/resolve.js"></script></main></body></html>'
    )
    return _HEAD.format(more="") + body


SCRIPT = """'use strict';
const by = id => document.getElementById(id);
let asked = '', current = '';

async function call(path, body) {
  const options = body ? {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)} : {};
  const answer = await fetch(path, options);
  return answer.json();
}

function field(one) {
  const label = document.createElement('label');
  label.textContent = one.label + ' ';
  const input = document.createElement(one.kind === 'choice' ? 'select' : 'input');
  input.name = one.name;
  if (one.kind === 'choice') {
    for (const choice of one.choices || []) {
      const option = document.createElement('option');
      option.textContent = choice === '' ? '(no answer)' : choice;
      option.value = choice;
      input.append(option);
    }
  } else {
    input.type = one.kind === 'number' ? 'number' : 'text';
    if (one.kind === 'number') input.step = 'any';
  }
  if (one.value !== undefined && one.value !== null) input.value = String(one.value);
  label.append(input);
  const row = document.createElement('p');
  row.append(label);
  return row;
}

function button(text, press, submit) {
  const made = document.createElement('button');
  made.type = submit ? 'submit' : 'button';
  made.textContent = text;
  if (press) made.addEventListener('click', press);
  return made;
}

function ask(activity) {
  const key = activity.id + JSON.stringify(activity.fields) + activity.message;
  if (asked === key) return;
  asked = key;
  const form = by('form');
  form.replaceChildren(...(activity.fields || []).map(field), button(activity.button || 'Start', null, true));
  const send = answer => call('/v1/agents/resolve/answer', {id: activity.id, answer}).then(() => { form.hidden = true; });
  if (activity.skip) form.append(' ', button(activity.skip, () => send({skipped: true})));
  form.onsubmit = event => {
    event.preventDefault();
    const answer = {};
    for (const one of activity.fields || []) {
      const text = form.elements[one.name].value;
      answer[one.name] = one.kind === 'number' ? (text === '' ? null : Number(text)) : text;
    }
    send(answer);
  };
  form.hidden = false;
}

const VERBS = [
  ['Cut from selection', 'cut', {}], ['Send my changes', 'send', {}],
  ['Lock selected', 'lock', {}], ['Unlock selected', 'unlock', {}],
  ['Redo: tighter', 'regenerate', {instruction: 'tighter'}], ['Redo: more energy', 'regenerate', {instruction: 'more energy'}],
  ['Redo: slower', 'regenerate', {instruction: 'slower'}],
];

function order(kind, payload) { return call('/v1/outbox', {agent: 'resolve', kind, payload}); }
by('verbs').replaceChildren(...VERBS.flatMap(([text, kind, payload]) => [button(text, () => order(kind, payload)), ' ']));

const WORDS = {asking: 'a question', done: 'done', failed: 'failed', cancelled: 'stopped'};

function show(state) {
  const busy = (state.state === 'working' || state.state === 'asking') && !state.gone;
  by('verbs').hidden = !state.connected || busy;
  const activity = state.activity;
  current = state.id;
  if (state.state === 'idle') return;
  by('title').textContent = activity.title;
  document.title = 'Cutprint: ' + activity.title + (state.state === 'working' ? '' : ', ' + (WORDS[state.state] || state.state));
  by('message').textContent = state.gone ? 'Resolve says nothing any more. Click the menu entry again.' : activity.message || '';
  by('message').className = state.state;
  by('fix').textContent = activity.fix || '';
  by('lines').replaceChildren(...(activity.lines || []).map(text => {
    const row = document.createElement('li');
    row.textContent = text;
    return row;
  }));
  const told = busy && state.state === 'working' && typeof activity.fraction === 'number';
  by('share').textContent = told ? Math.round(100 * activity.fraction) + ' %' : '';
  by('bar').hidden = !(busy && state.state === 'working');
  if (typeof activity.fraction === 'number') by('bar').value = activity.fraction; else by('bar').removeAttribute('value');
  by('stop').hidden = !busy || state.cancel;
  if (state.state === 'asking' && state.answer === null) ask(activity); else { by('form').hidden = true; asked = ''; }
}

by('stop').addEventListener('click', () => call('/v1/agents/resolve/answer', {id: current, cancel: true}));

async function turn() {
  try { show(await call('/v1/agents/resolve/activity')); } catch (error) { by('message').textContent = 'The bridge does not answer.'; }
  setTimeout(turn, 700);
}
turn();
"""
"""The page's script: it asks what goes on, and sends the person's word."""
