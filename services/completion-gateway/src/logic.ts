export { CompletionHandler, isPoisonous } from './events/completion-handler.ts';
export { createFrontDoor, type FrontDoor } from './front-door/front-door.ts';
export { FrontDoorError } from './front-door/front-door-error.ts';
