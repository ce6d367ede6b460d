-- All workers of a company as one JSON text: the facts of the roster's document with all that it
-- can hold but e-mails, worked out by PostgreSQL. The rules are those of workers/compliance.py.
WITH item AS (
    SELECT i.worker_id, i.requirement_id, r.component, r.name, r.compliant_when, i.level, i.because,
        i.standing, i.coming_due_on, i.expires_on,
        e.completed_on, e.issued_on, e.certificate_number, e.issuer,
        i.expires_on IS NOT NULL AND i.standing IN
            ('current', 'prequalified', 'review_again', 'waiting_for_approval') AS lapses,
        array_position(ARRAY['online_training', 'certificate', 'policy', 'procedure', 'bulletin',
            'competency', 'orientation']::varchar[], r.component) AS place
    FROM workers_workerrequirement i
    JOIN workers_worker w ON w.id = i.worker_id
    JOIN workers_requirement r ON r.id = i.requirement_id
    LEFT JOIN workers_record e ON e.id = i.record_id
    WHERE w.company_id = %(company_id)s
), dated AS (
    SELECT *,
        CASE WHEN lapses AND expires_on < %(today)s THEN 'expired'
            WHEN standing = 'current' AND coming_due_on <= %(today)s THEN 'coming_due'
            ELSE standing END AS status,
        CASE WHEN NOT lapses OR expires_on < %(today)s THEN NULL
            WHEN standing = 'current' AND coming_due_on > %(today)s THEN coming_due_on
            WHEN expires_on < '9999-12-31' THEN expires_on + 1 END AS next_change_on
    FROM item
), judged AS MATERIALIZED (
    SELECT *, status IN ('current', 'coming_due', 'prequalified')
        OR status = 'waiting_for_approval' AND compliant_when = 'on_submission' AS compliant
    FROM dated
), component AS (
    SELECT worker_id, component, place, count(*) AS required,
        count(*) FILTER (WHERE compliant) AS complete,
        count(*) FILTER (WHERE status = 'coming_due') AS coming_due
    FROM judged WHERE level = 'required' GROUP BY worker_id, component, place
), total AS (
    SELECT worker_id, sum(required)::int AS required, sum(complete)::int AS complete,
        sum(coming_due)::int AS coming_due,
        json_agg(json_build_object('component', component, 'required', required,
            'complete', complete, 'percent', 100 * complete / required) ORDER BY place) AS components
    FROM component GROUP BY worker_id
), told AS (
    SELECT j.worker_id, min(j.next_change_on) AS next_change_on,
        json_agg(json_build_object('id', 'req_' || j.requirement_id, 'component', j.component,
            'name', j.name, 'level', j.level, 'status', j.status, 'compliant', j.compliant,
            'completedOn', j.completed_on, 'issuedOn', j.issued_on, 'expiresOn', j.expires_on,
            'daysLeft', j.expires_on - %(today)s,
            'certificateNumber', nullif(j.certificate_number, ''), 'issuer', nullif(j.issuer, ''),
            'because', CASE j.because
                WHEN 'position' THEN json_build_array(p.name)
                WHEN 'location' THEN json_build_array(l.name)
                WHEN 'position_at_location' THEN json_build_array(p.name || ' at ' || l.name)
                ELSE json_build_array(p.name, l.name) END)
            ORDER BY j.place, j.name COLLATE "C", j.requirement_id) AS items
    FROM judged j
    JOIN workers_worker w ON w.id = j.worker_id
    LEFT JOIN workers_position p ON p.id = w.position_id
    LEFT JOIN workers_location l ON l.id = w.location_id
    GROUP BY j.worker_id
)
SELECT json_build_object('version', '1', 'asOf', %(today)s, 'workers', json_agg(json_build_object(
    'worker', json_build_object('id', 'wkr_' || w.id, 'workerIDNumber', nullif(w.id_number, ''),
        'firstName', w.first_name, 'middleName', w.middle_name, 'lastName', w.last_name,
        'active', w.is_active, 'workerType', w.worker_type, 'position', p.name,
        'location', l.name, 'division', d.name),
    'nextChangeOn', told.next_change_on,
    'compliance', json_build_object(
        'compliant', w.is_active AND total.complete IS NOT DISTINCT FROM total.required,
        'status', CASE WHEN NOT w.is_active THEN 'inactive'
            WHEN total.required IS NULL THEN 'nothing_required'
            WHEN total.complete = total.required THEN 'compliant' ELSE 'not_compliant' END,
        'percent', 100 * total.complete / total.required,
        'required', coalesce(total.required, 0), 'complete', coalesce(total.complete, 0),
        'outstanding', coalesce(total.required - total.complete, 0),
        'comingDue', coalesce(total.coming_due, 0),
        'components', coalesce(total.components, '[]'),
        'items', coalesce(told.items, '[]'))) ORDER BY w.id),
    'next', NULL, 'count', count(*))::text
FROM workers_worker w
LEFT JOIN total ON total.worker_id = w.id
LEFT JOIN told ON told.worker_id = w.id
LEFT JOIN workers_position p ON p.id = w.position_id
LEFT JOIN workers_location l ON l.id = w.location_id
LEFT JOIN workers_division d ON d.id = l.division_id
WHERE w.company_id = %(company_id)s
