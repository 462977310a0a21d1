import { randomUUID } from 'node:crypto';
import type { Attack, Target } from '../target.ts';
import { call, json, sendRaw } from './raw-http.ts';

// What a page in a developer's browser can do where nobody is asked who they are.

const path = '/api/v1/namespaces/default/activities';

async function started({ openHttpUrl }: Target): Promise<string> {
  const activityId = randomUUID();
  const body = { activityId, activityType: 'nothing', taskQueue: 'nobody', timeouts: { scheduleToClose: '1h' } };
  await call(`${openHttpUrl}${path}`, { body });
  return activityId;
}

const isRunning = async ({ openHttpUrl }: Target, activityId: string): Promise<boolean> =>
  (await call(`${openHttpUrl}${path}/${activityId}`)).text.includes('"running"');

const form = { 'content-type': 'application/x-www-form-urlencoded' } as const;

const ways: Readonly<Record<string, { readonly headers: Readonly<Record<string, string>>; readonly body: string }>> = {
  'a form': { headers: form, body: 'result=forged' },
  'a text': { headers: { 'content-type': 'text/plain' }, body: '{"result":"forged"}' },
  'another origin': { headers: { ...json, origin: 'https://evil.example' }, body: '{"result":"forged"}' },
  'another host': { headers: { ...json, host: 'rebound.evil.example' }, body: '{"result":"forged"}' },
};

const crossSite: Attack = {
  about: 'forms and requests of another site, or with a rebound name, where nobody is asked',
  run: async (target, told, signal) => {
    const taken: string[] = [];
    for (const [way, { headers, body }] of Object.entries(ways)) {
      const activityId = await started(target);
      const request = { line: `POST ${path}/${activityId}/complete`, headers, body: Buffer.from(body) };
      told.add(`${way}: ${await sendRaw(target.openHttpUrl, request, signal)}`);
      if (!(await isRunning(target, activityId))) taken.push(way);
    }
    return taken.length === 0 ? undefined : `an activity was completed by ${taken.join(', ')}`;
  },
};

export const openAttacks = { 'cross-site': crossSite } as const satisfies Readonly<Record<string, Attack>>;
