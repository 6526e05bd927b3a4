/* The page reads without this: it sorts and filters tables, copies commands and remembers light or dark. */
(function () {
  'use strict';
  var root = document.documentElement;

  function dark() {
    var set = root.getAttribute('data-theme');
    return set ? set === 'dark' : window.matchMedia('(prefers-color-scheme: dark)').matches;
  }
  function keep(theme) {
    try { localStorage.setItem('eqspice-theme', theme); } catch (e) { /* a page from a file may not */ }
  }
  function kept() {
    try { return localStorage.getItem('eqspice-theme'); } catch (e) { return null; }
  }
  var button = document.getElementById('theme');
  function label() {
    button.textContent = dark() ? 'Light' : 'Dark';
    button.setAttribute('aria-label', dark() ? 'Switch to light colours' : 'Switch to dark colours');
  }
  if (kept() === 'dark' || kept() === 'light') root.setAttribute('data-theme', kept());
  button.addEventListener('click', function () {
    var theme = dark() ? 'light' : 'dark';
    root.setAttribute('data-theme', theme);
    keep(theme);
    label();
  });
  label();
  button.hidden = false;

  function value(cell) {
    var data = cell.querySelector('data'), text = data ? data.getAttribute('value') : cell.textContent;
    var number = text.trim() === '' ? NaN : Number(text);
    return isNaN(number) ? text : number;
  }
  function sort(table, column, head) {
    var up = head.getAttribute('aria-sort') !== 'ascending', body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows);
    rows.sort(function (a, b) {
      var x = value(a.cells[column]), y = value(b.cells[column]);
      var order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
      return up ? order : -order;
    });
    rows.forEach(function (row) { body.appendChild(row); });
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (other) { other.removeAttribute('aria-sort'); });
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
  }
  Array.prototype.forEach.call(document.querySelectorAll('table.sort'), function (table) {
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
      var press = document.createElement('button');
      press.type = 'button';
      press.textContent = head.textContent;
      head.textContent = '';
      head.appendChild(press);
      press.addEventListener('click', function () { sort(table, column, head); });
    });
  });

  Array.prototype.forEach.call(document.querySelectorAll('table.filter'), function (table) {
    var line = document.createElement('p'), name = document.createElement('label');
    var word = document.createElement('input'), count = document.createElement('span');
    line.className = 'controls';
    name.textContent = 'Rows with ';
    word.type = 'search';
    name.appendChild(word);
    count.setAttribute('role', 'status');
    line.appendChild(name);
    var only = null;
    if (table.querySelector('td.wrong, td.right')) {
      var box = document.createElement('label');
      only = document.createElement('input');
      only.type = 'checkbox';
      box.appendChild(only);
      box.appendChild(document.createTextNode(' wrong ones only'));
      line.appendChild(box);
    }
    line.appendChild(count);
    function filter() {
      var text = word.value.toLowerCase(), shown = 0;
      Array.prototype.forEach.call(table.tBodies[0].rows, function (row) {
        var is = row.textContent.toLowerCase().indexOf(text) >= 0 && (!only || !only.checked || row.querySelector('td.wrong'));
        row.hidden = !is;
        if (is) shown++;
      });
      count.textContent = shown + (shown === 1 ? ' row' : ' rows');
    }
    word.addEventListener('input', filter);
    if (only) only.addEventListener('change', filter);
    filter();
    var around = table.parentNode;
    around.parentNode.insertBefore(line, around);
  });

  Array.prototype.forEach.call(document.querySelectorAll('pre.copy'), function (pre) {
    var press = document.createElement('button'), text = pre.textContent;
    press.type = 'button';
    press.className = 'copy';
    press.textContent = 'Copy';
    press.addEventListener('click', function () {
      var range = document.createRange();
      range.selectNodeContents(pre);
      window.getSelection().removeAllRanges();
      window.getSelection().addRange(range);
      if (!navigator.clipboard) return; /* it is selected */
      navigator.clipboard.writeText(text).then(function () { press.textContent = 'Copied'; }, function () { /* it is selected */ });
    });
    pre.parentNode.insertBefore(press, pre.nextSibling);
  });

  window.addEventListener('beforeprint', function () {
    Array.prototype.forEach.call(document.querySelectorAll('details'), function (d) { d.open = true; });
  });
}());
