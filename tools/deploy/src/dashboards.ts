import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  type Dashboard,
  type DataSourceRef,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

interface Query {
  readonly expr: string;
  /** The legend, with the labels of its series: `{{service}}`. */
  readonly of: string;
}

interface Panel {
  readonly title: string;
  /** What it says, and what to do about it. */
  readonly about: string;
  /** Of Grafana. */
  readonly unit: string;
  readonly queries: readonly Query[];
}

interface Page {
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  /** Label, and the metric that has all its values. */
  readonly variables: Readonly<Record<string, string>>;
  readonly rows: Readonly<Record<string, readonly Panel[]>>;
}

const source: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };
const perRow = 24;
const panelHeight = 8;

const kind = '{service="scheduler",namespace=~"$namespace",taskqueue=~"$taskqueue"}';
const perSecond = (metric: string, by: string, labels = ''): string =>
  `sum by (${by}) (rate(${metric}${labels}[$__rate_interval]))`;
const quantile = (share: number, metric: string, by: readonly string[], labels = ''): string =>
  `histogram_quantile(${String(share)}, ${perSecond(`${metric}_bucket`, ['le', ...by].join(', '), labels)})`;
const latencies = (metric: string): readonly Query[] =>
  [0.5, 0.99].map((share) => ({ expr: quantile(share, metric, [], kind), of: `p${String(share * 100)}` }));

const activities: Page = {
  uid: 'ratchet-activities',
  title: 'Ratchet: activities',
  about:
    'Whether activities get on: what is started, how it ends, how long it takes, what waits, and what callers are answered.',
  variables: { namespace: 'activity_start', taskqueue: 'activity_start' },
  rows: {
    'Is it working?': [
      {
        title: 'Started and ended',
        about: 'Activities a second. What is started for long without an end waits for workers, or takes long.',
        unit: 'ops',
        queries: [
          ['activity_start', 'started'],
          ['activity_success', 'completed'],
          ['activity_fail', 'failed'],
          ['activity_timeout', 'timed out'],
          ['activity_cancel', 'cancelled'],
          ['activity_terminate', 'terminated'],
        ].map(([metric = '', of = '']) => ({ expr: `sum(rate(${metric}${kind}[$__rate_interval]))`, of })),
      },
      {
        title: 'Completed, of all that ended',
        about: 'A share that falls is for the owners of the activities: their workers fail, or are too slow.',
        unit: 'percentunit',
        queries: [
          {
            expr:
              `sum by (taskqueue) (rate(activity_success${kind}[$__rate_interval])) / ` +
              `sum by (taskqueue) (rate(activity_schedule_to_close_latency_count${kind}[$__rate_interval]))`,
            of: '{{taskqueue}}',
          },
        ],
      },
      {
        title: 'Attempts that did not succeed',
        about: 'Each is tried again as its retry policy says.',
        unit: 'ops',
        queries: [
          {
            expr: perSecond('activity_task_fail', 'taskqueue, activityType', kind),
            of: '{{taskqueue}} {{activityType}} failed',
          },
          {
            expr: perSecond('activity_task_timeout', 'taskqueue, activityType, timeout_type', kind),
            of: '{{taskqueue}} {{activityType}} {{timeout_type}}',
          },
        ],
      },
    ],
    'How long does it take?': [
      {
        title: 'From due to claimed',
        about: 'Long where workers are too few (see the backlog), or a scheduler is behind.',
        unit: 's',
        queries: latencies('task_schedule_to_start_latency'),
      },
      {
        title: 'One attempt',
        about: 'From claim to report: the work itself.',
        unit: 's',
        queries: latencies('activity_start_to_close_latency'),
      },
      {
        title: 'From start to outcome',
        about: 'All attempts and the waits between them.',
        unit: 's',
        queries: latencies('activity_schedule_to_close_latency'),
      },
    ],
    'What waits?': [
      {
        title: 'Backlog',
        about: 'Tasks that were sent to workers and not claimed yet.',
        unit: 'short',
        queries: [{ expr: `sum by (taskqueue) (approximate_backlog_count${kind})`, of: '{{taskqueue}}' }],
      },
      {
        title: 'Age of the backlog',
        about: 'How long the first of them has waited. A line that rises straight: nobody takes them.',
        unit: 's',
        queries: [{ expr: `max by (taskqueue) (approximate_backlog_age_seconds${kind})`, of: '{{taskqueue}}' }],
      },
      {
        title: 'Tasks claimed',
        about: 'By workers, a second.',
        unit: 'ops',
        queries: [{ expr: perSecond('task_schedule_to_start_latency_count', 'taskqueue', kind), of: '{{taskqueue}}' }],
      },
    ],
    'What are callers answered?': gatewayPanels(),
    'What goes wrong?': [
      {
        title: 'Refused commands',
        about: 'Asked for at the wrong time: an attempt that is over, an id that is taken. A few are usual.',
        unit: 'ops',
        queries: [
          { expr: perSecond('ratchet_commands_refused_total', 'command, reason'), of: '{{command}} {{reason}}' },
        ],
      },
      {
        title: 'Dead letters, and records that no broker takes',
        about: 'Each wants looking at: the runbook says how.',
        unit: 'short',
        queries: [
          { expr: 'sum by (topic) (ratchet_records_dead_lettered_total)', of: '{{topic}}' },
          { expr: 'sum by (topic) (ratchet_records_unsendable_total)', of: '{{topic}} unsendable' },
        ],
      },
      {
        title: 'Commands dropped, queues that cannot be had, notices given up',
        about: 'Each has its section in the runbook.',
        unit: 'ops',
        queries: [
          { expr: perSecond('ratchet_commands_dropped_total', 'reason'), of: 'command {{reason}}' },
          { expr: perSecond('ratchet_task_topics_refused_total', 'reason'), of: 'queue {{reason}}' },
          { expr: 'sum(rate(ratchet_notices_given_up_total[$__rate_interval]))', of: 'notice' },
        ],
      },
    ],
  },
};

function gatewayPanels(): readonly Panel[] {
  const gateway = '{service="completion-gateway"}';
  const answered = '{service="completion-gateway",operation!~"Poll.*|unknown"}';
  return [
    {
      title: 'Requests',
      about: 'A second, by door and operation.',
      unit: 'reqps',
      queries: [{ expr: perSecond('service_requests', 'door, operation', gateway), of: '{{door}} {{operation}}' }],
    },
    {
      title: 'Errors',
      about: 'UNAVAILABLE, INTERNAL and 5xx are faults of ours; all others are answers.',
      unit: 'reqps',
      queries: [
        {
          expr: perSecond('service_error_with_type', 'door, operation, error_type', gateway),
          of: '{{door}} {{operation}} {{error_type}}',
        },
      ],
    },
    {
      title: 'Latency, p99',
      about: 'Polls are left out: they wait for work.',
      unit: 's',
      queries: [
        { expr: quantile(0.99, 'service_latency', ['door', 'operation'], answered), of: '{{door}} {{operation}}' },
      ],
    },
    {
      title: 'Open polls, calls and requests',
      about: 'How near the limits are.',
      unit: 'short',
      queries: [
        'ratchet_polls',
        'ratchet_grpc_calls',
        'ratchet_http_requests',
        'ratchet_grpc_connections',
        'ratchet_http_connections',
      ].map((metric) => ({ expr: `sum(${metric})`, of: metric.replace('ratchet_', '') })),
    },
    {
      title: 'Limits that were reached',
      about: 'By the setting that bounds it.',
      unit: 'ops',
      queries: [{ expr: perSecond('ratchet_limits_reached_total', 'limit'), of: '{{limit}}' }],
    },
    {
      title: 'Callbacks',
      about: 'Failed ones are tried again; those given up are dead letters.',
      unit: 'ops',
      queries: [{ expr: perSecond('ratchet_callbacks_total', 'result'), of: '{{result}}' }],
    },
    {
      title: 'Oldest outcome that waits to be told',
      about: 'Since the end of the activity. A line that rises straight: a receiver is away.',
      unit: 's',
      queries: [{ expr: 'max(ratchet_callback_wait_seconds)', of: 'oldest' }],
    },
    {
      title: 'Calls that were not let in',
      about: 'Without a key, with a wrong one, or for a namespace that is not theirs.',
      unit: 'ops',
      queries: [{ expr: perSecond('ratchet_calls_refused_total', 'door, status'), of: '{{door}} {{status}}' }],
    },
  ];
}

const instance = '{service=~"$service"}';

const services: Page = {
  uid: 'ratchet-services',
  title: 'Ratchet: services',
  about: 'Whether the four services can do their work: partitions, timers, Kafka, memory and event loop.',
  variables: { service: 'ratchet_partitions' },
  rows: {
    Partitions: [
      {
        title: 'Without an owner',
        about: 'More than 0 for longer than a change of owner: instances are missing.',
        unit: 'short',
        queries: [
          {
            expr:
              `max by (service) (ratchet_partitions{service=~"$service",service!="completion-gateway"}) - ` +
              `sum by (service) (ratchet_partitions_owned{service=~"$service",service!="completion-gateway"})`,
            of: '{{service}}',
          },
        ],
      },
      {
        title: 'What they are at',
        about: 'Fencing and restoring pass; stopped waits for a human.',
        unit: 'short',
        queries: [
          { expr: `sum by (service, phase) (ratchet_partition_phase${instance})`, of: '{{service}} {{phase}}' },
        ],
      },
      {
        title: 'Owned, by instance',
        about: 'Even, but for a change of owner.',
        unit: 'short',
        queries: [{ expr: `ratchet_partitions_owned${instance}`, of: '{{service}} {{instance}}' }],
      },
      {
        title: 'Records not yet handled',
        about: 'Grows while a service is behind.',
        unit: 'short',
        queries: [
          { expr: `sum by (service, topic) (ratchet_input_lag_records${instance})`, of: '{{service}} {{topic}}' },
        ],
      },
      {
        title: 'Records handled',
        about: 'A second, by input.',
        unit: 'ops',
        queries: [
          { expr: perSecond('ratchet_records_handled_total', 'service, topic', instance), of: '{{service}} {{topic}}' },
        ],
      },
      {
        title: 'Restoring, p99',
        about: 'How long a partition is not served after it has changed its owner.',
        unit: 's',
        queries: [
          { expr: quantile(0.99, 'ratchet_restore_duration_seconds', ['service'], instance), of: '{{service}}' },
        ],
      },
    ],
    Timers: [
      {
        title: 'Lag, p99',
        about: 'From the instant a timer is due to its decision.',
        unit: 's',
        queries: [{ expr: quantile(0.99, 'ratchet_timer_lag_seconds', ['timer']), of: '{{timer}}' }],
      },
      {
        title: 'Activities with a pending deadline',
        about: 'What the timeout-tracker keeps in memory.',
        unit: 'short',
        queries: [{ expr: 'sum(ratchet_activities_timed)', of: 'timed' }],
      },
      {
        title: "A log's clock ahead of its broker's",
        about: 'Deadlines wait as long.',
        unit: 's',
        queries: [{ expr: 'max(ratchet_log_clock_ahead_seconds)', of: 'ahead' }],
      },
    ],
    Kafka: [
      {
        title: 'Commit, p99',
        about: 'From sealing a group of records to its commit: above all what the brokers take.',
        unit: 's',
        queries: [
          { expr: quantile(0.99, 'ratchet_commit_duration_seconds', ['service'], instance), of: '{{service}}' },
        ],
      },
      {
        title: 'Send, p99',
        about: 'From a request to its acknowledgement.',
        unit: 's',
        queries: [{ expr: quantile(0.99, 'ratchet_send_duration_seconds', ['service'], instance), of: '{{service}}' }],
      },
      {
        title: 'Failures',
        about:
          'Commits that failed, sends to be repeated, members made anew. A few with each change of owner or broker.',
        unit: 'ops',
        queries: [
          { expr: perSecond('ratchet_commits_failed_total', 'service', instance), of: '{{service}} commit' },
          { expr: perSecond('ratchet_sends_failed_total', 'service', instance), of: '{{service}} send' },
          { expr: perSecond('ratchet_group_members_made_anew_total', 'service', instance), of: '{{service}} member' },
        ],
      },
      {
        title: 'Silence of the group',
        about: 'How long the coordinator that is heard least has said nothing.',
        unit: 's',
        queries: [
          {
            expr: `max by (service, instance) (ratchet_group_silence_seconds${instance})`,
            of: '{{service}} {{instance}}',
          },
        ],
      },
      {
        title: 'Sent',
        about: 'Records a second, by lane.',
        unit: 'ops',
        queries: [
          { expr: perSecond('ratchet_records_sent_total', 'service, lane', instance), of: '{{service}} {{lane}}' },
        ],
      },
      {
        title: 'Sent, bytes',
        about: 'By lane.',
        unit: 'Bps',
        queries: [
          { expr: perSecond('ratchet_sent_bytes_total', 'service, lane', instance), of: '{{service}} {{lane}}' },
        ],
      },
    ],
    'What is kept': [
      {
        title: 'Who waits for an outcome',
        about: 'In memory only.',
        unit: 'short',
        queries: [
          { expr: 'sum(ratchet_waiters)', of: 'waiters' },
          { expr: 'sum(ratchet_queries_parked)', of: 'questions' },
        ],
      },
      {
        title: 'Task queues',
        about: 'Those that have a topic, are being made, and what waits for them.',
        unit: 'short',
        queries: [
          { expr: 'max(ratchet_task_queues)', of: 'queues' },
          { expr: 'sum(ratchet_task_topics_wanted)', of: 'topics wanted' },
          { expr: 'sum(ratchet_tasks_held)', of: 'tasks held' },
        ],
      },
      {
        title: 'Notices pending',
        about: 'Cancelled attempts whose worker is not seen to know yet.',
        unit: 'short',
        queries: [{ expr: 'sum(ratchet_notices_pending)', of: 'notices' }],
      },
    ],
    Processes: [
      {
        title: 'Heap, of its limit',
        about: 'At 100 % the process ends.',
        unit: 'percentunit',
        queries: [
          {
            expr: `nodejs_heap_size_used_bytes${instance} / ratchet_heap_limit_bytes${instance}`,
            of: '{{service}} {{instance}}',
          },
        ],
      },
      {
        title: 'Memory',
        about: 'Resident: what the limit of a container counts.',
        unit: 'bytes',
        queries: [
          {
            expr: `process_resident_memory_bytes${instance} and ratchet_heap_limit_bytes`,
            of: '{{service}} {{instance}}',
          },
        ],
      },
      {
        title: 'Event loop, p99',
        about: 'How late it is. It is looked at ten times a second: 0.1 s is none.',
        unit: 's',
        queries: [
          {
            expr: `nodejs_eventloop_lag_p99_seconds${instance} and ratchet_heap_limit_bytes`,
            of: '{{service}} {{instance}}',
          },
        ],
      },
      {
        title: 'Processor',
        about: 'Cores. An instance can use little more than one.',
        unit: 'short',
        queries: [
          {
            expr: `rate(process_cpu_seconds_total${instance}[$__rate_interval]) and ratchet_heap_limit_bytes`,
            of: '{{service}} {{instance}}',
          },
        ],
      },
      {
        title: 'Garbage collection',
        about: 'The share of the time that it takes.',
        unit: 'percentunit',
        queries: [
          {
            expr: perSecond('nodejs_gc_duration_seconds_sum', 'service, instance', instance),
            of: '{{service}} {{instance}}',
          },
        ],
      },
      {
        title: 'Settings read again',
        about: 'Refused: the former ones stay, and the log says why.',
        unit: 'short',
        queries: [
          {
            expr: `sum by (service, result) (ratchet_settings_reloads_total${instance})`,
            of: '{{service}} {{result}}',
          },
        ],
      },
    ],
  },
};

/** The dashboards for Grafana, by the name of their file: what `deploy/grafana` is made from. */
export const dashboards: ReadonlyMap<string, Dashboard> = new Map(
  [activities, services].map((page) => [`${page.uid}.json`, dashboardOf(page)]),
);

function dashboardOf({ uid, title, about, variables, rows }: Page): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(about)
    .tags(['ratchet'])
    .timezone('browser')
    .refresh('30s')
    .time({ from: 'now-1h', to: 'now' })
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  for (const [label, metric] of Object.entries(variables)) {
    const query = new QueryVariableBuilder(label)
      .label(label)
      .datasource(source)
      .query(`label_values(${metric}, ${label})`)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .multi(true)
      .includeAll(true)
      .allValue('.*');
    builder.withVariable(query);
  }
  for (const [name, panels] of Object.entries(rows)) {
    builder.withRow(new RowBuilder(name));
    for (const panel of panels) builder.withPanel(panelOf(panel));
  }
  return builder.build();
}

function panelOf({ title, about, unit, queries }: Panel): PanelBuilder {
  const builder = new PanelBuilder()
    .title(title)
    .description(about)
    .unit(unit)
    .min(0)
    .fillOpacity(8)
    .span(perRow / 3)
    .height(panelHeight)
    .datasource(source);
  queries.forEach(({ expr, of }, index) => {
    const refId = String.fromCharCode('A'.charCodeAt(0) + index);
    builder.withTarget(new DataqueryBuilder().refId(refId).expr(expr).legendFormat(of).range());
  });
  return builder;
}
