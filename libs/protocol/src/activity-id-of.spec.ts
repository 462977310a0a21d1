import { activityIdOf } from './activity-id-of.ts';

test('the same request starts the same activity, in every version of this code', () => {
  expect(activityIdOf('charge', 'order-1')).toBe('46b8e62e-3977-86fd-ad86-2bf9fb33fe75');
  expect(activityIdOf('charge', 'order-1')).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});

test.each([
  ['charge', 'order-2'],
  ['refund', 'order-1'],
  ['charge","order', '1'],
])('another request another: %s %s', (activityType, requestId) => {
  expect(activityIdOf(activityType, requestId)).not.toBe(activityIdOf('charge', 'order-1'));
});
