// What a panel's loss asks for, and how that reads in the norm that all panels are measured in.

import { GLOSSARY } from "../../shared/glossary.js";
import { DISTANCE_NAMES, number } from "../../shared/text.js";

/** Whether a loss asks for the margin epsilon. @param {{ objective: string }} info */
export const asksForMargin = ({ objective }) => /^margin|^elsayed/.test(objective);

/** The distance of a panel's balls: that of its loss, else the one of the bars. */
export const ballOf = ({ info }, header) => (asksForMargin(info) ? info.distance : header.distance);

/** What is left of epsilon in the bars' norm once every ball of the loss is free. */
export const keptIn = ({ distance, norm }, epsilon) =>
  (distance === "l2" && norm === "linf" ? epsilon / Math.SQRT2 : epsilon);

/** Names of the dashed line, the longest first. */
export function keptNames(info, epsilon) {
  const kept = keptIn(info, epsilon);
  const name = `ε ${number(epsilon, 2)}`;
  if (kept === epsilon) return [name];
  const short = number(kept, 2);
  return [`${short}, the square in a disc of ${name}`, `${short}, in a disc of ${name}`, short];
}

/** Why a disc of epsilon is told as less in squares. @param {any[]} infos @param {number} epsilon */
export function otherNorm(infos, epsilon) {
  const info = infos.find((one) => asksForMargin(one) && keptIn(one, epsilon) !== epsilon);
  return info ? `${info.title} asks for free discs of ${number(epsilon, 2)}; the largest squares in them (${
    DISTANCE_NAMES[info.norm]}) are ${number(keptIn(info, epsilon), 2)}.` : "";
}

/** What it is asked for, in a line of the glossary. @param {string} objective */
export const askedOf = (objective) => GLOSSARY[objective]?.name ?? "";
