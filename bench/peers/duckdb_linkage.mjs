// SPDX-License-Identifier: Apache-2.0
//
// Fellegi-Sunter in DuckDB's SQL, as open linkers generate it, on the same files and by the same
// blocking rules as muster-linkage. What a careful user would write: ids are blocked first, fields
// joined after; similarities are computed once; u from random pairs, m by EM on counts of patterns
// in sessions that leave out what was blocked on; term frequencies for shared values.
//
//     node duckdb_linkage.mjs JOB.json
//
// Prints seconds by stage and the pairs that were compared as one JSON object.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const job = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const { DuckDBInstance } = createRequire(job.modules + '/')('@duckdb/node-api');
const instance = await DuckDBInstance.create(':memory:', { threads: String(job.threads) });
const db = await instance.connect();
const run = (sql) => db.run(sql);
const rows = async (sql) => (await db.runAndReadAll(sql)).getRowObjectsJson();

const seconds = {};
let since = process.hrtime.bigint();
const begin = since;
const lap = (stage) => {
  const now = process.hrtime.bigint();
  seconds[stage] = Number(now - since) / 1e9;
  since = now;
};

const name = (c) =>
  `nullif(regexp_replace(upper(strip_accents(coalesce(${c}, ''))), '[^A-Z]', '', 'g'), '')`;
const code = (c) => `nullif(regexp_replace(lower(coalesce(${c}, '')), '[^a-z0-9]', '', 'g'), '')`;
const digits = (c) => `nullif(regexp_replace(coalesce(${c}, ''), '[^0-9]', '', 'g'), '')`;
const cleaned = {
  first_name: name('first_name'), middle_name: name('middle_name'), last_name: name('last_name'),
  zip: `nullif(left(${digits('zip')}, 5), '00000')`, birth: digits('birth_date'),
  year: `left(${digits('birth_date')}, 4)`, house: digits('house_number'), street: code('street'),
  city: code('city'),
};
const source = { birth: 'birth_date', year: 'birth_date', house: 'house_number' };
const has = (column) => job.columns.includes(source[column] ?? column);
const fields = Object.keys(cleaned).filter(has);
for (const side of ['left', 'right']) {
  await run(`CREATE TABLE ${side}_ AS SELECT id, ${fields.map((f) => `${cleaned[f]} AS ${f}`)}
             FROM read_csv('${job[side]}', header = true, all_varchar = true)`);
}
lap('read');

// Each rule without the pairs of those before it.
const said = [];
const unions = [];
for (const rule of job.rules) {
  const others = said.map((s) => ` AND NOT coalesce((${s}), false)`).join('');
  unions.push(`SELECT l.rowid AS lr, r.rowid AS rr FROM left_ l JOIN right_ r ON ${rule}${others}`);
  said.push(rule);
}
await run(`CREATE TABLE blocked AS ${unions.join(' UNION ALL ')}`);
const compared = Number((await rows('SELECT count(*)::VARCHAR AS n FROM blocked'))[0].n);
lap('block');

const text = (f) => `CASE WHEN l.${f} IS NULL OR r.${f} IS NULL THEN -1 WHEN l.${f} = r.${f} THEN 4
  WHEN jaro_winkler_similarity(l.${f}, r.${f}) >= 0.92 THEN 3
  WHEN jaro_winkler_similarity(l.${f}, r.${f}) >= 0.88 THEN 2
  WHEN jaro_winkler_similarity(l.${f}, r.${f}) >= 0.7 THEN 1 ELSE 0 END`;
const comparisons = {
  first_name: text('first_name'), last_name: text('last_name'),
  middle_name: `CASE WHEN l.middle_name IS NULL OR r.middle_name IS NULL THEN -1
    WHEN l.middle_name = r.middle_name THEN 2 WHEN left(l.middle_name, 1) = left(r.middle_name, 1) THEN 1
    ELSE 0 END`,
  zip: `CASE WHEN l.zip IS NULL OR r.zip IS NULL THEN -1 WHEN l.zip = r.zip THEN 2
    WHEN left(l.zip, 3) = left(r.zip, 3) THEN 1 ELSE 0 END`,
  birth: job.full_dates
    ? `CASE WHEN l.birth IS NULL OR r.birth IS NULL THEN -1 WHEN l.birth = r.birth THEN 3
       WHEN damerau_levenshtein(l.birth, r.birth) <= 1 THEN 2 WHEN l.year = r.year THEN 1 ELSE 0 END`
    : `CASE WHEN l.year IS NULL OR r.year IS NULL THEN -1 WHEN l.year = r.year THEN 2
       WHEN abs(try_cast(l.year AS INT) - try_cast(r.year AS INT)) <= 1 THEN 1 ELSE 0 END`,
  house: 'CASE WHEN l.house IS NULL OR r.house IS NULL THEN -1 WHEN l.house = r.house THEN 1 ELSE 0 END',
  street: text('street'), city: text('city'),
};
const used = Object.keys(comparisons).filter(has);
const gammas = used.map((f) => `${comparisons[f]} AS g_${f}`).join(', ');
await run(`CREATE TABLE vectors AS SELECT b.lr, b.rr, ${gammas} FROM blocked b
           JOIN left_ l ON l.rowid = b.lr JOIN right_ r ON r.rowid = b.rr`);
lap('compare');

// u from random pairs.
const side = Math.ceil(Math.sqrt(job.u_pairs));
await run(`CREATE TABLE random_ AS SELECT ${gammas} FROM
  (SELECT * FROM left_ USING SAMPLE reservoir(${side} ROWS) REPEATABLE (1)) l,
  (SELECT * FROM right_ USING SAMPLE reservoir(${side} ROWS) REPEATABLE (1)) r`);
const levels = {};
const u = {};
const m = {};
const top = {};
for (const f of used) {
  levels[f] = [...comparisons[f].matchAll(/THEN (\d)|ELSE (\d)/g)].map((x) => Number(x[1] ?? x[2]));
  top[f] = Math.max(...levels[f]);
  const seen = await rows(`SELECT g_${f} AS g, count(*)::DOUBLE AS n FROM random_ WHERE g_${f} >= 0 GROUP BY 1`);
  const all = seen.reduce((sum, row) => sum + row.n, 0) + levels[f].length * 0.5;
  u[f] = Object.fromEntries(levels[f].map((g) => [g, 0.5 / all]));
  for (const row of seen) u[f][row.g] = (row.n + 0.5) / all;
  m[f] = Object.fromEntries(levels[f].map((g) => [g, []]));
}
lap('u');

// m by EM, in sessions.
for (const session of job.sessions) {
  if (!session.every((f) => used.includes(f))) continue;
  const free = used.filter((f) => !session.includes(f));
  const where = session.map((f) => `g_${f} = ${top[f]}`).join(' AND ');
  const list = free.map((f) => `g_${f}`).join(', ');
  const patterns = await rows(`SELECT ${list}, count(*)::DOUBLE AS n FROM vectors WHERE ${where} GROUP BY ALL`);
  const all = patterns.reduce((sum, p) => sum + p.n, 0);
  if (all === 0) continue;
  let lambda = 0.3;
  const guess = {};
  for (const f of free) {
    const rest = 0.1 / (levels[f].length - 1);
    guess[f] = Object.fromEntries(levels[f].map((g) => [g, g === top[f] ? 0.9 : rest]));
  }
  for (let round = 0; round < 50; ++round) {
    const sums = Object.fromEntries(free.map((f) => [f, Object.fromEntries(levels[f].map((g) => [g, 1e-6]))]));
    let matches = 0;
    for (const p of patterns) {
      let odds = lambda / (1 - lambda);
      for (const f of free) if (p[`g_${f}`] >= 0) odds *= guess[f][p[`g_${f}`]] / u[f][p[`g_${f}`]];
      const share = (odds / (1 + odds)) * p.n;
      matches += share;
      for (const f of free) if (p[`g_${f}`] >= 0) sums[f][p[`g_${f}`]] += share;
    }
    lambda = Math.min(Math.max(matches / all, 1e-9), 1 - 1e-9);
    for (const f of free) {
      const sum = Object.values(sums[f]).reduce((a, b) => a + b, 0);
      for (const g of levels[f]) guess[f][g] = Math.max(sums[f][g] / sum, 1e-6);
    }
  }
  for (const f of free) for (const g of levels[f]) m[f][g].push(guess[f][g]);
}
for (const f of used) {
  for (const g of levels[f]) {
    const some = m[f][g];
    m[f][g] = some.length > 0 ? some.reduce((a, b) => a + b, 0) / some.length : g === top[f] ? 0.9 : 0.05;
  }
}
lap('em');

// The prior: pairs that agree on all of these are taken for seven tenths of the matches.
const sure = job.sure.map((f) => `g_${f} = ${top[f]}`).join(' AND ');
const found = Number((await rows(`SELECT count(*)::VARCHAR AS n FROM vectors WHERE ${sure}`))[0].n);
const [{ n: nl }] = await rows('SELECT count(*)::DOUBLE AS n FROM left_');
const [{ n: nr }] = await rows('SELECT count(*)::DOUBLE AS n FROM right_');
const lambda = Math.max(found, 1) / 0.7 / nl / nr;
const bits = used.map((f) => {
  const cases = levels[f].map((g) => `WHEN ${g} THEN ${Math.log2(m[f][g] / u[f][g])}`).join(' ');
  return `CASE g_${f} ${cases} ELSE 0 END`;
});
const tf = ['first_name', 'last_name', 'zip', 'city'].filter((f) => used.includes(f));
for (const f of tf) {
  await run(`CREATE TABLE tf_${f} AS SELECT ${f} AS value, count(*) / sum(count(*)) OVER () AS tf FROM
    (SELECT ${f} FROM left_ UNION ALL SELECT ${f} FROM right_) WHERE ${f} IS NOT NULL GROUP BY 1`);
  bits.push(`CASE WHEN g_${f} = ${top[f]} THEN ${Math.log2(u[f][top[f]])} - log2(tf_${f}.tf) ELSE 0 END`);
}
const joins = tf.map((f) => `LEFT JOIN tf_${f} ON tf_${f}.value = l.${f}`).join(' ');
await run(`COPY (SELECT left_id, right_id, probability FROM (
  SELECT l.id AS left_id, r.id AS right_id,
    1 / (1 + pow(2, -greatest(least(${Math.log2(lambda / (1 - lambda))} + ${bits.join(' + ')}, 60), -60)))
    AS probability
  FROM vectors v JOIN left_ l ON l.rowid = v.lr JOIN right_ r ON r.rowid = v.rr ${joins})
  WHERE probability >= 0.01) TO '${job.out}' (HEADER)`);
lap('score');
seconds.total = Number(since - begin) / 1e9;
console.log(JSON.stringify({ pairs_compared: compared, seconds }));
