export { aclFormats, exportedAcls, grantsOf, type AclFormat, type AclsOptions } from './acls.ts';
