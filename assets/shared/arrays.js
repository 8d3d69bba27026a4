// Arrays by URL. Names are made from the content, so what is here once need not be asked again.

export const KINDS = { float32: Float32Array, uint32: Uint32Array, uint16: Uint16Array, uint8: Uint8Array };
const KEEP = 400e6; // bytes

const cache = new Map(); // name -> { promise, bytes }, oldest use first

export class Gone extends Error {}

// ref: { name, dtype, shape } as pages/server/arrays.py hands it out.
export function fetchArray(base, ref) {
  let entry = cache.get(ref.name);
  if (entry) {
    cache.delete(ref.name);
  } else {
    const bytes = ref.shape.reduce((a, b) => a * b, 1) * KINDS[ref.dtype].BYTES_PER_ELEMENT;
    entry = { bytes, promise: load(base, ref) };
    entry.promise.catch(() => cache.delete(ref.name));
  }
  cache.set(ref.name, entry);
  forget(ref.name);
  return entry.promise;
}

async function load(base, { name, dtype }) {
  const response = await fetch(`${base}/${name}`);
  if (response.status === 404) throw new Gone(name);
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  return new KINDS[dtype](await response.arrayBuffer());
}

function forget(newest) {
  let total = 0;
  for (const { bytes } of cache.values()) total += bytes;
  for (const [name, { bytes }] of cache) {
    if (total <= KEEP || name === newest) return;
    cache.delete(name);
    total -= bytes;
  }
}
