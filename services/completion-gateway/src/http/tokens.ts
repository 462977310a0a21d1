/** By these names Nest hands out what the controllers need. */
export const FRONT_DOOR = Symbol('front door');
export const ATTEMPT_REPORTS = Symbol('attempt reports');
export const WEBHOOKS = Symbol('webhooks');
export const CALLBACK_POLICY = Symbol('callback policy');
