// Which moments of a training a film shows.

const MOST = 100; // pictures

/** The moments of a film: evenly over the training, both ends among them. @param {number} newest @param {number} every */
export function momentsOf(newest, every) {
  const kept = Math.floor(newest / every);
  const stride = every * Math.max(1, Math.ceil(kept / (MOST - 1)));
  const steps = [];
  for (let step = 0; step < newest; step += stride) steps.push(step);
  return [...steps, newest];
}
