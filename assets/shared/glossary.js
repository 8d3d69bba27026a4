// Written by `python -m levelset_core.glossary`: change the terms there.

/** @type {Record<string, { symbol: string, sentence: string }>} */
export const GLOSSARY = {
  "F": {
    "symbol": "F",
    "sentence": "The network's output: a number for every place x. Its sign is the predicted class."
  },
  "theta": {
    "symbol": "θ",
    "sentence": "The weights of the network: all the numbers that training changes."
  },
  "x": {
    "symbol": "x",
    "sentence": "A point of the data: here a place in the plane, with its class y."
  },
  "y": {
    "symbol": "y",
    "sentence": "The class of a point: +1 (blue circles) or −1 (orange squares)."
  },
  "level_set": {
    "symbol": "S",
    "sentence": "Level set (Eq. 2): all places where the network gives one and the same number."
  },
  "level": {
    "symbol": "c",
    "sentence": "The level (Eq. 2): the number that F has on a level set. On the boundary it is 0."
  },
  "S0": {
    "symbol": "S₀",
    "sentence": "The boundary (Eq. 2): all places where F is 0. On one side the network says +1, on the other −1."
  },
  "S1": {
    "symbol": "S₊₁, S₋₁",
    "sentence": "The level sets at ±1 (Sec. 3.2): all places where F is +1, and where it is −1. They lie on both sides of the boundary, like the edges of a road."
  },
  "p": {
    "symbol": "p",
    "sentence": "A point of the level set (Eq. 4): where the way from x to the level set ends: at the nearest point, or at Newton's foot."
  },
  "newton": {
    "symbol": "Newton's foot",
    "sentence": "The point that Newton's method finds (Eq. 4, 5): it walks along the gradient until F is 0. It ends on the boundary, but not always at the nearest place."
  },
  "sample_network": {
    "symbol": "p(θ)",
    "sentence": "The sample network (Eq. 9): one linear layer that says how p moves when the weights change. Through it a loss can push the boundary itself."
  },
  "gradient": {
    "symbol": "DₓF",
    "sentence": "The gradient of F: the direction in which F grows fastest, and how fast. It stands at right angles to the level set."
  },
  "pseudo_inverse": {
    "symbol": "DₓF⁺",
    "sentence": "The pseudo-inverse of the gradient (Eq. 5): the shortest move that raises F by 1, if F were linear."
  },
  "margin": {
    "symbol": "d",
    "sentence": "Input margin (Sec. 3.2): how far a point is from the boundary, in units of the plane. Negative on the wrong side."
  },
  "output_margin": {
    "symbol": "yF(x)",
    "sentence": "Output margin: how strongly the network is right, as a number. It may be large although the boundary is near."
  },
  "epsilon": {
    "symbol": "ε",
    "sentence": "Wanted margin (Eq. 12): the distance that every point shall keep from the boundary. More than half the gap between the classes cannot be had."
  },
  "lam11": {
    "symbol": "λ₁₁",
    "sentence": "Weight of the band in Eq. 11 (Eq. 11): how much a wide band counts against points inside it or on the wrong side. The paper calls it λ."
  },
  "lam12": {
    "symbol": "λ₁₂",
    "sentence": "Weight of right points in Eq. 12 (Eq. 12): how much a point on its own side counts that is nearer than ε; points on the wrong side count 1. The paper calls it λ."
  },
  "alpha": {
    "symbol": "α",
    "sentence": "Power of the band's width (Eq. 11): how a wide band is rewarded: λ₁₁ Δ^α is small where the band is wide, since α is negative."
  },
  "delta": {
    "symbol": "Δ",
    "sentence": "Width of the band (Eq. 11): how far S₀ is from the nearer one of S₊₁ and S₋₁, seen from a point."
  },
  "l2": {
    "symbol": "L2",
    "sentence": "The straight distance: as a ruler measures it. Its balls are circles."
  },
  "linf": {
    "symbol": "L∞",
    "sentence": "The largest difference in a coordinate: its balls are squares. It is the distance of attacks that change every pixel a little."
  },
  "rho": {
    "symbol": "ρ",
    "sentence": "The distance along one axis (Sec. 3.2): how far the boundary is along the axis in which F changes most. It is quick, but no norm."
  }
};
