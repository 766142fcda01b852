// Probes: small runs that masters send through the whole path again and again. Both sides know their name; users see none of them,
// because they live in a namespace of their own.

export const probeNamespace = 'tidewheel';
export const probeTask = 'tidewheel.probe';
export const probeHandler = `task:${probeTask}`;
