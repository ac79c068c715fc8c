// The step with the code: where the code went and how long it is valid, the boxes, the checkbox to be remembered, the buttons to send
// a new code and to cancel, and the message above. While it is shown, the form of account and password is hidden.
import { CodeField } from './code-field.js';

// element makes an element with attributes and children.
function element(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in e && typeof value === 'boolean') e[name] = value;
    else e.setAttribute(name, value);
  }
  e.append(...children);
  return e;
}

export class CodeStep {
  constructor(form, texts, actions, { prefix = 'nidan-', mail = '', title = null, heading = 'sign_in', startAgain = '' } = {}) {
    Object.assign(this, { form, texts, actions, prefix, title, firstHeading: heading });
    this.challenge = null;
    this.showing = null; // the message, with its kind: {kind, name, facts} or {kind, text}
    this.resendAt = 0;   // in milliseconds of this machine's clock, like expiresAt
    this.expiresAt = 0;
    this.submitted = false; // a complete code is submitted automatically only once
    this.dead = false;      // the challenge's code cannot be used any more
    this.working = false;   // a request is running
    this.build(mail, startAgain || location.href);
    setInterval(() => this.tick(), 1000);
  }

  get(name) { return document.getElementById(this.prefix + name); }

  build(mail, startAgain) {
    const id = (name) => this.prefix + name;
    this.message = element('div', { id: id('message'), role: 'alert', class: 'message', hidden: true });
    const place = element('div', { id: id('code'), class: 'code' });
    this.step = element('form', { id: id('code-step'), method: 'post', hidden: true },
      element('p', { id: id('sent'), class: 'hint' }),
      // The checkbox comes before the boxes, because the last digit submits the form.
      element('label', { id: id('remember-choice'), class: 'choice', hidden: true },
        element('input', { id: id('remember'), type: 'checkbox' }), ' ', element('span', { id: id('remember-label') })),
      element('fieldset', { 'aria-describedby': id('sent') }, element('legend', { id: id('code-label') }), place),
      element('button', { class: 'primary', id: id('verify'), 'data-text': 'verify' }),
      element('p', { class: 'more' }, element('button', {
        type: 'button', class: 'link', id: id('resend'), 'data-text': 'resend', 'aria-describedby': id('resend-wait'),
      }), ' ', element('span', { id: id('resend-wait'), class: 'hint' })),
      element('p', { class: 'more hint' }, element('span', { 'data-text': 'spam' }),
        ...(mail ? [' ', element('a', { href: mail, target: '_blank', 'data-text': 'open_mail' })] : [])),
      element('p', { class: 'more' }, element('button', { type: 'button', class: 'link', id: id('cancel'), 'data-text': 'cancel' })));
    this.ends = [['start-again', 'start_again'], ['go-on', 'go_on']].map(([name, text]) => element('p',
      { id: id(name), class: 'more', hidden: true }, element('a', { class: 'button primary', href: startAgain, 'data-text': text })));
    this.status = element('p', { id: id('working'), class: 'hint', role: 'status' });
    this.form.before(this.message);
    this.form.after(this.step, ...this.ends, this.status);
    this.code = new CodeField(place, () => this.filled());
    this.listen();
  }

  listen() {
    this.step.addEventListener('submit', (e) => {
      e.preventDefault();
      this.verify();
    });
    this.get('resend').addEventListener('click', () => (this.mayResend() ? this.actions.resend() : this.sayTooSoon()));
    this.get('cancel').addEventListener('click', () => this.actions.cancel());
  }

  verify() {
    this.submitted = true;
    this.actions.verify(this.code.value, this.get('remember').checked && !this.get('remember-choice').hidden);
  }

  // filled submits the first complete code. After a wrong code, the person presses the button.
  filled() {
    if (!this.submitted) this.verify();
  }

  // ---- what is shown ----

  say(kind, message) {
    this.showing = { kind, ...message };
    this.writeMessage();
  }

  // sayTooSoon says when a new code may be sent. The message counts down, so the text beside the button is hidden meanwhile.
  sayTooSoon() {
    this.say('error', { name: 'too_many_codes', counting: true });
    this.tick();
  }

  clear() {
    this.showing = null;
    this.writeMessage();
  }

  writeMessage() {
    this.message.hidden = !this.showing;
    if (!this.showing) return;
    const { kind, name, text, facts, counting } = this.showing;
    this.message.className = `message ${kind}`;
    const said = text || this.texts.say(name, counting ? this.facts() : facts);
    if (this.message.textContent !== said) this.message.textContent = said;
  }

  // write writes all texts in the current language.
  write() {
    for (const part of [this.form, this.message, this.step, ...this.ends, this.status]) {
      part.lang = this.texts.locale;
      for (const e of part.querySelectorAll('[data-text]')) e.textContent = this.texts.say(e.dataset.text);
    }
    if (this.challenge) {
      this.get('code-label').textContent = this.texts.say('code', this.facts());
      this.get('remember-label').textContent = this.texts.say('remember', this.facts());
      this.code.name((digit) => this.texts.say('digit', { Digit: digit, Length: this.challenge.code_length }));
    }
    if (this.title) {
      document.documentElement.lang = this.texts.locale;
      this.title.textContent = this.texts.say(this.heading());
      document.title = `${this.title.textContent} · ${document.title.split(' · ').pop()}`;
    }
    this.writeMessage();
    this.tick();
  }

  heading() {
    if (!this.ends[1].hidden) return 'signed_in';
    return this.step.hidden ? this.firstHeading : 'two_step';
  }

  // show shows the step or the end with this name, or the form of account and password if name is null. If dead is true, the code
  // cannot be entered, and only a new code helps.
  show(name, dead = false) {
    this.form.hidden = name !== null;
    this.step.hidden = name !== 'code-step';
    for (const end of this.ends) end.hidden = end.id !== this.prefix + name;
    this.dead = dead;
    if (name === 'code-step') {
      this.code.build(this.challenge.code_length);
      this.code.clear();
      this.get('remember-choice').hidden = this.challenge.remember_days === 0;
      this.disable();
    }
    this.write();
    this.moved = true;
    if (name === 'code-step') this.focus();
  }

  focus() {
    if (this.dead) this.get('resend').focus();
    else this.code.focus(0);
  }

  showEnd(name, onGo) {
    this.show(name);
    const link = this.get(name).firstElementChild;
    if (onGo) link.onclick = (e) => { e.preventDefault(); onGo(); };
    link.focus();
  }

  // busy shows that a request is running. It disables the buttons, so that nothing is sent twice, and removes the message of the last
  // try.
  busy(on) {
    this.working = on;
    if (on) {
      this.clear();
      this.moved = false;
      this.had = document.activeElement; // a disabled element loses the focus
      document.body.setAttribute('aria-busy', 'true');
    } else {
      document.body.removeAttribute('aria-busy');
    }
    this.status.textContent = on ? this.texts.say('working') : '';
    for (const b of [...this.form.querySelectorAll('button:not([type=button])'), this.get('verify')]) this.press(b, on);
    this.disable();
    if (on) return;
    if (this.moved && !this.step.hidden) this.focus();
    else if (!this.moved && this.had) this.had.focus();
  }

  // press shows on the button that its request is running.
  press(button, on) {
    button.disabled = on;
    if (on) button.dataset.says = button.textContent;
    button.textContent = on ? this.texts.say('working') : button.dataset.says;
  }

  disable() {
    this.code.disabled = this.dead || this.working;
    this.get('verify').disabled = this.dead || this.working;
  }

  // ---- time ----

  // takeOver shows another challenge. The clocks of this machine and of the server may differ. So the times are computed from the
  // difference to the Date header of the server's answer.
  takeOver(next, answer) {
    if (!this.challenge || this.challenge.id !== next.id) this.submitted = false;
    this.challenge = next;
    const ahead = Date.now() - (Date.parse((answer && answer.headers.get('Date')) || '') || Date.now());
    this.resendAt = Date.parse(next.resend_at) + ahead;
    this.expiresAt = Date.parse(next.expires_at) + ahead;
  }

  mayResend() { return Date.now() >= this.resendAt; }

  // secondsToResend is for the texts. The Date header has whole seconds, so the result may be up to a second too long.
  secondsToResend() { return Math.max(1, Math.floor((this.resendAt - Date.now()) / 1000)); }

  facts() {
    const c = this.challenge;
    if (!c) return {};
    const left = Math.max(0, Math.floor((this.expiresAt - Date.now()) / 1000));
    return {
      SentTo: c.sent_to, Length: c.code_length, Days: c.remember_days, Seconds: this.secondsToResend(), Tries: c.attempts_left,
      Left: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`,
    };
  }

  // whereItIs returns the name of the text about the code. It must not say that a code was sent if the mail did not go out.
  whereItIs() {
    const mail = this.challenge.mail;
    if (mail === 'failed') return 'sent_never';
    if (mail === 'waiting') return this.dead ? 'later_dead' : 'sent_later';
    return this.dead ? 'sent_dead' : 'sent';
  }

  // tick updates the texts that change with time.
  tick() {
    if (!this.challenge || this.step.hidden) return;
    const counting = this.showing && this.showing.counting;
    if (counting && this.mayResend()) this.clear();
    else if (counting) this.writeMessage();
    this.get('sent').textContent = this.texts.say(this.whereItIs(), this.facts());
    this.get('resend').setAttribute('aria-disabled', String(!this.mayResend()));
    const wait = this.mayResend() ? this.texts.say('resend_ready') : this.texts.say('resend_wait', this.facts());
    this.get('resend-wait').textContent = this.showing && this.showing.counting ? '' : wait;
  }
}
