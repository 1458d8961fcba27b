export const ROLES = [
  { value: 'viewer', text: 'Viewer: sees everything, changes nothing' },
  { value: 'operator', text: 'Operator: machines, runs, monitoring, rules' },
  { value: 'admin', text: 'Admin: backends, keys, channels, users too' },
]
