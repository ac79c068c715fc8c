// The boxes for a code, one box for each digit. A person may type, paste, delete, or click on a digit to replace only this digit. The
// phone or the mail program may fill in all boxes.

// normaliseDigits turns full-width digits into ASCII digits, and removes all other characters.
function normaliseDigits(text) {
  return text.replace(/[０-９]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).replace(/[^0-9]/g, '');
}

export class CodeField {
  // The constructor's onFull is called when the last empty box is filled.
  constructor(place, onFull) {
    this.place = place;
    this.onFull = onFull;
    this.boxes = [];
  }

  // build makes a box for each digit, unless there are that many boxes already.
  build(length) {
    if (this.boxes.length === length) return;
    this.boxes = Array.from({ length }, (_, i) => this.box(i));
    this.place.replaceChildren(...this.boxes);
  }

  box(i) {
    const box = document.createElement('input');
    box.inputMode = 'numeric';
    box.size = 1; // one digit wide, if the page's style says nothing else
    box.pattern = '[0-9]*';
    box.required = true;
    // If a program fills the code in, all digits arrive in the first box, and spread puts them into the other boxes.
    box.autocomplete = i === 0 ? 'one-time-code' : 'off';
    box.addEventListener('focus', () => box.select());
    box.addEventListener('click', () => box.select());
    box.addEventListener('input', (e) => { if (!e.isComposing) this.typed(i, e); });
    box.addEventListener('compositionend', (e) => this.typed(i, e));
    box.addEventListener('paste', (e) => {
      e.preventDefault();
      this.spread(i, normaliseDigits(e.clipboardData.getData('text')));
    });
    box.addEventListener('keydown', (e) => this.key(i, e));
    return box;
  }

  typed(i, e) {
    let digits = normaliseDigits(this.boxes[i].value);
    // A digit that is typed beside the current one replaces it.
    if (digits.length === 2 && e.inputType === 'insertText' && e.data) digits = normaliseDigits(e.data);
    this.boxes[i].value = '';
    this.spread(i, digits);
  }

  // spread puts digits into the boxes from the i-th on. A whole code always begins in the first box, whichever box it was entered in.
  spread(i, digits) {
    if (digits.length >= this.boxes.length) i = 0;
    const room = digits.slice(0, this.boxes.length - i);
    const before = this.value.length;
    [...room].forEach((d, k) => { this.boxes[i + k].value = d; });
    if (room.length > 0) this.focus(Math.min(i + room.length, this.boxes.length - 1));
    if (before < this.boxes.length && this.value.length === this.boxes.length) this.onFull();
  }

  key(i, e) {
    if (e.isComposing) return;
    const last = this.boxes.length - 1;
    switch (e.key) {
      case 'Backspace':
        if (this.boxes[i].value === '' && i > 0) {
          this.boxes[i - 1].value = '';
          this.focus(i - 1);
        } else {
          this.boxes[i].value = '';
        }
        break;
      case 'Delete': this.boxes[i].value = ''; break;
      case 'ArrowLeft': this.focus(Math.max(0, i - 1)); break;
      case 'ArrowRight': this.focus(Math.min(last, i + 1)); break;
      case 'Home': this.focus(0); break;
      case 'End': this.focus(last); break;
      default: return;
    }
    e.preventDefault();
  }

  focus(i) {
    this.boxes[i].focus();
    this.boxes[i].select();
  }

  // name gives each box a label for people who cannot see that the boxes are one field.
  name(describe) { this.boxes.forEach((box, i) => box.setAttribute('aria-label', describe(i + 1))); }

  get value() { return this.boxes.map((box) => box.value).join(''); }

  clear() { this.boxes.forEach((box) => { box.value = ''; }); }

  set disabled(off) { this.boxes.forEach((box) => { box.disabled = off; }); }
}
