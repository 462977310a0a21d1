export { nestPreset as default } from '../../jest.preset.mjs';
