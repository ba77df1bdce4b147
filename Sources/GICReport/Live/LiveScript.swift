/// What the live page does: differences of counters become rates, and rates become pictures. Text
/// goes in as text, never as markup.
enum LiveScript {
  static let text = figures + pictures + loop

  private static let figures = #"""
    'use strict';
    const $ = id => document.getElementById(id), past = new Map(), series = new Map();
    let chosen = null, last = null;
    const short = v => !isFinite(v) ? '-' : Math.abs(v) >= 1e9 ? (v / 1e9).toPrecision(3) + ' G'
      : Math.abs(v) >= 1e6 ? (v / 1e6).toPrecision(3) + ' M'
      : Math.abs(v) >= 1e4 ? (v / 1e3).toPrecision(3) + ' k'
      : Math.abs(v) >= 100 ? whole(Math.round(v)) : v === 0 ? '0' : String(+v.toPrecision(3));
    const whole = v => v.toLocaleString('en-US'), sum = o => Object.values(o)
      .reduce((a, b) => a + b, 0);
    const many = (count, name) => whole(count) + ' ' + name + (count === 1 ? '' : 's');
    const words = s => s.replaceAll('_', ' ');
    function node(name, text, kind) {
      const made = document.createElement(name);
      if (text !== undefined) made.textContent = text;
      if (kind) made.className = kind;
      return made;
    }
    function shape(name, attributes, text) {
      const made = document.createElementNS('http://www.w3.org/2000/svg', name);
      for (const key in attributes) made.setAttribute(key, attributes[key]);
      if (text !== undefined) made.textContent = text;
      return made;
    }
    function table(heads, rows) {
      const made = node('table'), head = made.createTHead().insertRow();
      heads.forEach((h, i) => head.append(node('th', h, i ? 'n' : '')));
      const body = made.createTBody();
      for (const row of rows) {
        const line = body.insertRow();
        row.forEach((cell, i) => {
          const td = node('td', undefined, i ? 'n' : '');
          td.append(cell instanceof Node ? cell : document.createTextNode(cell));
          line.append(td);
        });
      }
      return made;
    }
    function bar(part) {
      const svg = shape('svg', {class: 'bar', viewBox: '0 0 120 10', 'aria-hidden': 'true'});
      svg.append(shape('rect', {class: 'empty', width: 120, height: 10}));
      svg.append(shape('rect', {class: 's0', height: 10,
        width: 120 * Math.min(Math.max(part, 0), 1)}));
      return svg;
    }
    const counts = m => ({cycle: m.statistics.cycle, msis: m.statistics.conservation.msis,
      delivered: m.statistics.conservation.delivered, commands: sum(m.statistics.commands)});
    // A reset machine counts from 0 again: nothing is said of that second.
    const ahead = (now, before) => now.cycle >= before.cycle && now.msis >= before.msis
      && now.delivered >= before.delivered && now.commands >= before.commands;

    """#

  private static let pictures = #"""
    function cards(rate, m) {
      const c = m.statistics.conservation, timed = m.statistics.clock === 'timed';
      const all = [[short(rate.msis), 'MSIs a second'],
        [short(rate.delivered), 'LPIs delivered a second'],
        [short(rate.commands), 'commands a second'], [whole(c.msis), 'LPIs signalled in all'],
        [whole(c.pending), 'pending'],
        [whole(sum(c.dropped) + sum(m.statistics.command_errors)), 'drops and errors']];
      if (timed) all.splice(3, 0, [short(rate.cycle) + 'Hz', 'simulated clock, of '
        + short(m.clock_hertz) + 'Hz']);
      $('cards').replaceChildren(...all.map(([value, name]) => {
        const card = node('div');
        card.append(node('b', value), node('span', name));
        return card;
      }));
    }
    function chart(points) {
      const width = Math.max($('chart').clientWidth, 300), height = 200, left = 60, bottom = 172;
      const svg = shape('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img',
        'aria-label': 'MSIs and commands in a second'});
      const top = Math.max(...points.flatMap(p => [p.msis, p.commands]), 1);
      const x = i => left + (width - left - 10) * (i + 120 - points.length) / 119;
      const y = v => bottom - (bottom - 34) * v / top;
      for (const part of [0, .5, 1]) {
        svg.append(shape('line', {class: 'grid', x1: left, x2: width - 10, y1: y(top * part),
          y2: y(top * part)}));
        svg.append(shape('text', {class: 'tick', x: left - 8, y: y(top * part) + 4,
          'text-anchor': 'end'}, short(top * part)));
      }
      ['msis', 'commands'].forEach((key, index) => {
        svg.append(shape('polyline', {class: 'line' + index,
          points: points.map((p, i) => `${x(i)},${y(p[key])}`).join(' ')}));
        svg.append(shape('line', {class: 'line' + index, x1: left + 110 * index,
          x2: left + 26 + 110 * index, y1: 10, y2: 10}));
        svg.append(shape('text', {x: left + 32 + 110 * index, y: 14},
          index ? 'commands' : 'MSIs'));
      });
      for (const [i, name] of [[0, '-2 min'], [60, '-1 min'], [119, 'now']])
        svg.append(shape('text', {class: 'tick', y: bottom + 18, x: left + (width - left - 10)
          * i / 119, 'text-anchor': i === 119 ? 'end' : i ? 'middle' : 'start'}, name));
      $('chart').replaceChildren(svg);
    }
    function latency(m, before) {
      const now = m.statistics.latency_cycles;
      const kinds = [['msi', 'MSI'], ['command', 'command']].filter(([k]) => now[k]?.count);
      $('latency').hidden = !kinds.length;
      const rows = [];
      let recent = true;
      for (const [key, name] of kinds) {
        const old = before?.statistics.latency_cycles[key];
        const isNew = old && now[key].count > old.count;
        if (!isNew) recent = false;
        const mean = (a, b) => {
          const [sum, count] = isNew && b ? [a.sum - b.sum, a.count - b.count] : [a.sum, a.count];
          return count ? sum / count : 0;
        };
        const total = mean(now[key], old), stages = Object.entries(now[key].stages)
          .sort((a, b) => a[1].order - b[1].order);
        const of = isNew ? now[key].count - old.count : now[key].count;
        for (const [stage, s] of stages) {
          const was = old?.stages[stage];
          const sum = isNew && was ? s.sum - was.sum : s.sum;
          if (!sum) continue;
          rows.push([name + ', ' + words(stage), (sum / of).toFixed(1), bar(sum / of / total),
            whole(s.max)]);
        }
        rows.push([name + ', whole', total.toFixed(1), '', whole(now[key].max)]);
      }
      $('latencynote').textContent = 'Cycles of the GIC clock: the mean '
        + (recent ? 'since the last look' : 'since the beginning') + ', and the most ever.';
      $('stages').replaceChildren(table(['stage', 'mean', 'part', 'max'], rows));
    }
    function load(m, before) {
      const pes = m.statistics.per_pe, old = before?.statistics.per_pe;
      let rates = pes.map((p, i) => p.lpis_acknowledged - (old?.[i]?.lpis_acknowledged ?? 0));
      const recent = old && rates.every(v => v >= 0) && rates.some(v => v > 0);
      if (!recent) rates = pes.map(p => p.lpis_acknowledged);
      const group = Math.ceil(rates.length / 64), groups = [];
      for (let i = 0; i < rates.length; i += group)
        groups.push(rates.slice(i, i + group).reduce((a, b) => a + b, 0));
      const top = Math.max(...groups, 1), width = Math.max($('pes').clientWidth, 300);
      const step = (width - 60) / groups.length;
      const svg = shape('svg', {viewBox: `0 0 ${width} 140`, role: 'img', 'aria-label': 'load'});
      groups.forEach((value, i) => {
        const rect = shape('rect', {class: 's0', x: 50 + i * step, width: Math.max(step * .8, 1),
          y: 110 - 90 * value / top, height: 90 * value / top});
        rect.append(shape('title', {}, `PE ${i * group}: ${whole(value)} LPIs`));
        svg.append(rect);
      });
      svg.append(shape('text', {class: 'tick', x: 44, y: 24, 'text-anchor': 'end'}, short(top)));
      svg.append(shape('line', {class: 'frame', x1: 50, x2: width - 10, y1: 110, y2: 110}));
      svg.append(shape('text', {class: 'tick', x: 50, y: 128}, 'PE 0'));
      svg.append(shape('text', {class: 'tick', x: width - 10, y: 128, 'text-anchor': 'end'},
        'PE ' + (pes.length - 1)));
      $('pes').replaceChildren(svg);
      $('loadnote').textContent = 'LPIs acknowledged ' + (recent ? 'since the last look'
        : 'since the beginning') + (group > 1 ? `; a bar is ${group} PEs` : '') + '.';
    }

    """#

  private static let loop = #"""
    function queues(m, before) {
      const now = m.statistics, old = new Map((before?.statistics.queues ?? [])
        .map(q => [q.name, q.occupancy_cycles]));
      const passed = now.cycle - (before?.statistics.cycle ?? 0);
      const rows = now.queues.filter(q => q.max).map(q => {
        const mean = passed > 0 ? (q.occupancy_cycles - (old.get(q.name) ?? 0)) / passed : q.mean;
        return {q, mean, part: q.capacity ? mean / q.capacity : -1};
      }).sort((a, b) => b.part - a.part).slice(0, 24);
      $('queues').hidden = !rows.length;
      $('units').replaceChildren(table(['queue or unit', 'mean', 'capacity', 'used', '', 'max'],
        rows.map(({q, mean, part}) => [q.name, mean.toFixed(3), q.capacity ?? '-',
          part < 0 ? '-' : (part * 100).toFixed(1) + ' %', part < 0 ? '' : bar(part),
          whole(q.max)])));
    }
    function faults(m) {
      const rows = [];
      for (const [name, count] of Object.entries(m.statistics.command_errors))
        if (count) rows.push(['command rejected: ' + name, whole(count)]);
      for (const [name, count] of Object.entries(m.statistics.conservation.dropped))
        if (count) rows.push(['MSI dropped: ' + name, whole(count)]);
      if (m.statistics.deadlock) rows.push(['deadlock', m.statistics.deadlock]);
      $('faults').replaceChildren(rows.length ? table(['what', 'count'], rows)
        : node('p', 'None.', 'muted'));
    }
    function show(all) {
      const names = all.machines.map(m => m.name);
      if (!names.includes(chosen)) chosen = names[0] ?? null;
      $('machines').replaceChildren(...names.map(name => {
        const button = node('button', name);
        button.setAttribute('aria-pressed', name === chosen);
        button.onclick = () => { chosen = name; show(last); };
        return button;
      }));
      $('about').textContent = many(all.machines.length, 'machine') + ', '
        + many(all.clients, 'client') + ', up '
        + `${Math.round(all.seconds)} s`;
      const m = all.machines.find(m => m.name === chosen);
      for (const id of ['rates', 'latency', 'load', 'queues', 'errors']) $(id).hidden = !m;
      if (!m) return $('cards').replaceChildren();
      $('about').textContent += `; ${m.name}: ${m.statistics.clock} clock, `
        + many(m.statistics.per_pe.length, 'PE') + ', ' + many(m.clients, 'client')
        + `, ${m.state}, configuration `
        + m.configuration;
      const kept = past.get(m.name) ?? {}, points = series.get(m.name) ?? [];
      cards(points.at(-1) ?? {msis: NaN, delivered: NaN, commands: NaN, cycle: NaN}, m);
      chart(points);
      latency(m, kept.before);
      load(m, kept.before);
      queues(m, kept.before);
      faults(m);
    }
    function take(all) {
      const seconds = last ? all.seconds - last.seconds : 0;
      for (const m of all.machines) {
        const before = last?.machines.find(o => o.name === m.name);
        const now = counts(m), then = before && counts(before);
        const isNext = then && seconds > 0 && ahead(now, then);
        past.set(m.name, {before: isNext ? before : undefined});
        if (!isNext) continue;
        const points = series.get(m.name) ?? [], rate = {};
        for (const key in now) rate[key] = (now[key] - then[key]) / seconds;
        points.push(rate);
        series.set(m.name, points.slice(-120));
      }
      last = all;
      show(all);
    }
    const source = new EventSource('/events');
    function state(text, good) {
      $('state').textContent = text;
      $('state').className = 'verdict ' + (good ? 'good' : 'bad');
    }
    source.onmessage = event => { take(JSON.parse(event.data)); state('✓ live', true); };
    source.onerror = () => state('✗ the daemon does not answer; trying again', false);

    """#
}
