import { gatewayVariables, knownVariables } from '@ratchet/service-kit';
import { completionGatewaySettings } from './completion-gateway.config.ts';

test('every setting of the gateway is known to all services, so that none calls it a slip of the pen', () => {
  const variables = Object.values(completionGatewaySettings).map(({ variable }) => variable);
  expect(knownVariables).toEqual(expect.arrayContaining(variables));
  expect(variables).toEqual(expect.arrayContaining([...gatewayVariables]));
});
