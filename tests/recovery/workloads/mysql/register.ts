/** Loaded before `dr`: NODE_OPTIONS='--import …/register.ts'. */
import { registerWorkloadType } from '../../../../recovery/workloads/registry.ts';
import { mysql } from './workload.ts';

registerWorkloadType('x-mysql', mysql);
