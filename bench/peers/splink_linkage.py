# SPDX-License-Identifier: Apache-2.0
"""splink on the same files and by the same blocking rules as muster-linkage, as its tutorial does it.

    python splink_linkage.py JOB.json
"""
import json
import logging
import sys
import time

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator

job = json.load(open(sys.argv[1], encoding='utf8'))
logging.getLogger('splink').setLevel(logging.ERROR)
begin = time.monotonic()
con = duckdb.connect(':memory:')
con.execute(f"SET threads = {job['threads']}")

name = "nullif(regexp_replace(upper(strip_accents(coalesce({0}, ''))), '[^A-Z]', '', 'g'), '')"
code = "nullif(regexp_replace(lower(coalesce({0}, '')), '[^a-z0-9]', '', 'g'), '')"
digits = "nullif(regexp_replace(coalesce({0}, ''), '[^0-9]', '', 'g'), '')"
cleaned = {'first_name': name.format('first_name'), 'middle_name': name.format('middle_name'),
           'last_name': name.format('last_name'),
           'zip': f"nullif(left({digits.format('zip')}, 5), '00000')",
           'birth': digits.format('birth_date'), 'year': f"left({digits.format('birth_date')}, 4)",
           'house': digits.format('house_number'), 'street': code.format('street'),
           'city': code.format('city')}
source = {'birth': 'birth_date', 'year': 'birth_date', 'house': 'house_number'}
fields = [f for f in cleaned if source.get(f, f) in job['columns']]
for side in ('left', 'right'):
    con.execute(f"CREATE TABLE {side}_ AS SELECT id AS unique_id, "
                + ', '.join(f'{cleaned[f]} AS {f}' for f in fields)
                + f" FROM read_csv('{job[side]}', header = true, all_varchar = true)")

comparisons = {
    'first_name': cl.NameComparison('first_name'),
    'last_name': cl.NameComparison('last_name'),
    'middle_name': cl.CustomComparison(output_column_name='middle_name', comparison_levels=[
        cll.NullLevel('middle_name'), cll.ExactMatchLevel('middle_name'),
        cll.CustomLevel('left(middle_name_l, 1) = left(middle_name_r, 1)', 'initial'),
        cll.ElseLevel()]),
    'zip': cl.CustomComparison(output_column_name='zip', comparison_levels=[
        cll.NullLevel('zip'), cll.ExactMatchLevel('zip', term_frequency_adjustments=True),
        cll.CustomLevel('left(zip_l, 3) = left(zip_r, 3)', 'zip3'), cll.ElseLevel()]),
    'house': cl.ExactMatch('house'),
    'street': cl.JaroWinklerAtThresholds('street', [.92, .88, .7]),
    'city': cl.JaroWinklerAtThresholds('city', [.92, .88, .7]),
}
if job['full_dates']:
    comparisons['birth'] = cl.CustomComparison(output_column_name='birth', comparison_levels=[
        cll.NullLevel('birth'), cll.ExactMatchLevel('birth'),
        cll.DamerauLevenshteinLevel('birth', 1),
        cll.CustomLevel('year_l = year_r', 'year'), cll.ElseLevel()])
else:
    comparisons['year'] = cl.CustomComparison(output_column_name='year', comparison_levels=[
        cll.NullLevel('year'), cll.ExactMatchLevel('year'),
        cll.CustomLevel('abs(try_cast(year_l AS INT) - try_cast(year_r AS INT)) <= 1', 'near'),
        cll.ElseLevel()])
used = [f for f in comparisons if f in fields]
for f in ('first_name', 'last_name', 'city'):
    if f in used:
        comparisons[f] = comparisons[f].configure(term_frequency_adjustments=True)
db = DuckDBAPI(connection=con)
settings = SettingsCreator(link_type='link_only', comparisons=[comparisons[f] for f in used],
                           blocking_rules_to_generate_predictions=job['rules'])
linker = Linker([db.register(con.table('left_'), dataset_display_name='a_left'),
                 db.register(con.table('right_'), dataset_display_name='b_right')], settings,
                log_level=logging.ERROR)
column = lambda f: 'year' if f == 'birth' and not job['full_dates'] else f
on = lambda session: ' AND '.join(f'l.{column(f)} = r.{column(f)}' for f in session)
linker.training.estimate_probability_two_random_records_match([on(job['sure'])], recall=.7)
linker.training.estimate_u_using_random_sampling(max_pairs=job['u_pairs'])
for session in job['sessions']:
    if all(column(f) in used for f in session):
        linker.training.estimate_parameters_using_expectation_maximisation(on(session))
predicted = linker.inference.predict(threshold_match_probability=.01)
table = predicted.physical_name
flip = "source_dataset_l = 'a_left'"
con.execute(f"COPY (SELECT CASE WHEN {flip} THEN unique_id_l ELSE unique_id_r END AS left_id, "
            f"CASE WHEN {flip} THEN unique_id_r ELSE unique_id_l END AS right_id, "
            f"match_probability AS probability FROM {table}) TO '{job['out']}' (HEADER)")
print(json.dumps({'seconds': {'total': time.monotonic() - begin}}))
