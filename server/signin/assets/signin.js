// The sign-in page: account and password, then the code. What is typed goes to Kratos as the flow's JSON; what comes back is
// a session, or a message whose state says what to show.
'use strict';

const page = JSON.parse(document.getElementById('page').textContent);
const $ = (id) => document.getElementById(id);
const code = new CodeField($('code'));

let flow = page.flow;
let locale = page.locale;
let credentials = null; // what was typed, for the submissions that follow; never stored
let challenge = null;   // the one on show
let showing = null;     // the message on show: {name, facts} or {text}, and its kind
let resendAt = 0;       // by this machine's clock, in milliseconds
let pending = false;

// ---- texts ----

function text(name, facts = {}) {
  const sentence = page.texts[locale][name] || name;
  return sentence.replace(/\{\{\.(\w+)\}\}/g, (_, key) => (key in facts ? facts[key] : ''));
}

function facts() {
  if (!challenge) return {};
  return {
    SentTo: challenge.sent_to, Length: challenge.code_length, Days: challenge.remember_days, Seconds: secondsToResend(),
  };
}

function writeTexts() {
  document.documentElement.lang = locale;
  for (const e of document.querySelectorAll('[data-text]')) e.textContent = text(e.dataset.text);
  for (const b of document.querySelectorAll('[data-locale]')) b.setAttribute('aria-pressed', String(b.dataset.locale === locale));
  if (challenge) {
    $('title').textContent = text(title());
    $('code-label').textContent = text('code', facts());
    $('remember-label').textContent = text('remember', facts());
    code.name((digit) => text('digit', { Digit: digit, Length: challenge.code_length }));
  }
  document.title = `${$('title').textContent} · ${document.title.split(' · ').pop()}`;
  writeMessage();
  countDown();
}

function title() {
  if (!$('go-on').hidden) return 'signed_in';
  return $('code-step').hidden ? 'sign_in' : 'two_step';
}

// ---- what is shown ----

function say(kind, message) {
  showing = { kind, ...message };
  writeMessage();
}

function writeMessage() {
  const m = $('message');
  m.hidden = !showing;
  if (!showing) return;
  m.className = `message ${showing.kind}`;
  m.textContent = showing.text || [showing.name, showing.then].filter(Boolean).map((n) => text(n, showing.facts)).join(' ');
}

function showStep(step) {
  for (const id of ['password-step', 'code-step', 'start-again', 'go-on']) $(id).hidden = id !== step;
  writeTexts();
}

function showPasswordStep() {
  credentials = null;
  challenge = null;
  $('password').value = '';
  showStep('password-step');
  $($('identifier').value ? 'password' : 'identifier').focus();
}

// showCodeStep shows the boxes. Where the code is dead, only a new one helps.
function showCodeStep(dead) {
  code.build(challenge.code_length);
  code.clear();
  code.disabled = dead;
  $('verify').disabled = dead;
  $('remember-choice').hidden = challenge.remember_days === 0;
  showStep('code-step');
  if (dead) $('resend').focus();
  else code.focus(0);
}

function showEnd() {
  showStep('start-again');
  $('start-again').firstElementChild.focus();
}

// ---- the time until a code can be sent again ----

function mayResend() { return Date.now() >= resendAt; }

// secondsToResend is for people. The server tells its time in whole seconds, so what is left may be a second too much.
function secondsToResend() { return Math.max(1, Math.floor((resendAt - Date.now()) / 1000)); }

function countDown() {
  if (!challenge) return;
  $('resend').setAttribute('aria-disabled', String(!mayResend()));
  $('resend-wait').textContent = mayResend() ? text('resend_ready') : text('resend_wait', { Seconds: secondsToResend() });
}

setInterval(countDown, 1000);

// takeOver shows another challenge. The clocks of this machine and the server may differ, so what counts is how far off the
// server says the time is.
function takeOver(next, answer) {
  challenge = next;
  const server = Date.parse(answer.headers.get('Date') || '') || Date.now();
  resendAt = Date.now() + (Date.parse(next.resend_at) - server);
}

// ---- talking to Kratos ----

async function send(method, url, body) {
  const answer = await fetch(url, {
    method, credentials: 'same-origin', headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  return { answer, body: await answer.json().catch(() => ({})) };
}

// begin starts a new flow in place of one that has expired.
async function begin() {
  const { answer, body } = await send('GET', page.start_new);
  if (!answer.ok) throw new Error(`begin: ${answer.status}`);
  const csrf = body.ui.nodes.find((n) => n.attributes.name === 'csrf_token');
  flow = { ...flow, ID: body.id, Action: body.ui.action, CSRFToken: csrf ? csrf.attributes.value : '' };
  history.replaceState(null, '', `/login?flow=${encodeURIComponent(body.id)}`);
}

// submit sends account and password again, with what is new. A flow that has expired is replaced once, unnoticed.
async function submit(twoFactor, again = true) {
  const { answer, body } = await send('POST', flow.Action, {
    method: 'password', csrf_token: flow.CSRFToken, ...credentials,
    transient_payload: { two_factor: { ...twoFactor, locale } },
  });
  const gone = [403, 404, 410].includes(answer.status);
  if (gone && again) {
    await begin();
    return submit({}, false);
  }
  return { answer, body };
}

// working runs one exchange at a time, and says that it is under way.
async function working(exchange) {
  if (pending) return;
  pending = true;
  document.body.setAttribute('aria-busy', 'true');
  $('working').textContent = text('working');
  try {
    await exchange();
  } catch {
    say('error', { name: 'no_answer' });
  } finally {
    pending = false;
    document.body.removeAttribute('aria-busy');
    $('working').textContent = '';
  }
}

function exchange(twoFactor) {
  return working(async () => {
    const { answer, body } = await submit(twoFactor);
    if (answer.ok || (body.error && body.error.id === 'session_already_available')) return signedIn();
    if (body.redirect_browser_to) return location.assign(body.redirect_browser_to);
    const message = body.ui && body.ui.messages && body.ui.messages[0];
    if (!message) return say('error', { name: 'failed' });
    return show(message, answer);
  });
}

// signedIn goes on, once the person has seen what there is to tell: that others tried codes.
async function signedIn() {
  const onward = flow.ReturnTo || '/';
  const told = await send('GET', '/notices').catch(() => null);
  if (!told || !told.answer.ok || !told.body.wrong_codes) return location.assign(onward);
  const since = new Date(told.body.since).toLocaleString(locale);
  say('error', { name: 'wrong_codes_told', facts: { Count: told.body.wrong_codes, Since: since } });
  $('go-on').firstElementChild.href = onward;
  showStep('go-on');
  $('go-on').firstElementChild.focus();
}

// show shows a message: one with a state is Nidan's, others are Kratos' own.
async function show(message, answer) {
  const { state, challenge: next } = message.context || {};
  if (next) takeOver(next, answer);
  switch (state) {
    case 'code_sent':
    case 'code_resent':
      say('info', { name: state, facts: facts() });
      return showCodeStep(false);
    case 'code_mismatch':
      say('error', { name: state });
      return showCodeStep(false);
    case 'code_expired':
    case 'attempts_exceeded':
      say('error', { name: state });
      return showCodeStep(true);
    case 'too_many_codes': // without a challenge, only the server knows for how long
      return say('error', next ? { name: state, facts: facts() } : { text: message.text });
    case 'cancelled':
      await begin();
      say('info', { name: state });
      return showPasswordStep();
    case 'sign_in_again':
    case 'client_too_old':
      say('error', { name: state });
      return showEnd();
    case 'refused': // in the usual sentence, or in the policy's own words
      say('error', message.text === text(state) ? { name: state } : { text: message.text });
      return showPasswordStep();
    case 'unavailable':
      return say('error', { name: state });
  }
  const known = `kratos_${message.id}`;
  say(message.type === 'info' ? 'info' : 'error', known in page.texts[locale] ? { name: known } : { text: message.text });
  return showPasswordStep();
}

// ---- what a person does ----

$('password-step').addEventListener('submit', (e) => {
  e.preventDefault();
  credentials = { identifier: $('identifier').value, password: $('password').value };
  exchange({});
});

$('code-step').addEventListener('submit', (e) => {
  e.preventDefault();
  exchange({ code: code.value, remember: $('remember').checked && !$('remember-choice').hidden });
});

$('resend').addEventListener('click', () => {
  if (!mayResend()) return say('error', { name: 'too_many_codes', facts: facts() });
  return exchange({ action: 'resend' });
});

$('cancel').addEventListener('click', () => exchange({ action: 'cancel' }));

for (const b of document.querySelectorAll('[data-locale]')) {
  b.addEventListener('click', () => {
    locale = b.dataset.locale;
    document.cookie = `${page.locale_cookie}=${locale}; path=/; max-age=31536000; samesite=lax`;
    writeTexts();
  });
}

// A page kept by the browser for "back" would still hold the password.
window.addEventListener('pageshow', (e) => { if (e.persisted) location.reload(); });

// A flow that is shown again, after a reload: the password is gone, so it is asked for, and the code that is out stays good.
const earlier = (flow.Messages || [])[0];
if (earlier && earlier.context && earlier.context.challenge) say('info', { name: 'password_again' });
showPasswordStep();
