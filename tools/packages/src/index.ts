export { completePackage, pack, packages, type Package } from './packages.ts';
