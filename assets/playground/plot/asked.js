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

/** Of the dashed line. */
export function keptName(info, epsilon) {
  const kept = keptIn(info, epsilon);
  const name = `ε ${number(epsilon, 2)}`;
  return kept === epsilon ? name : `${number(kept, 2)}, the square in a disc of ${name}`;
}

/** Why a disc of epsilon is told as less in squares. @param {any[]} infos @param {number} epsilon */
export function otherNorm(infos, epsilon) {
  const info = infos.find((one) => asksForMargin(one) && keptIn(one, epsilon) !== epsilon);
  return info ? `${info.title} asks for free discs of ${number(epsilon, 2)}; the bars measure squares (${
    DISTANCE_NAMES[info.norm]}), and the largest square inside such a disc is ${number(keptIn(info, epsilon), 2)}.` : "";
}

/** What it is asked for, in a line of the glossary. @param {string} objective */
export const askedOf = (objective) => GLOSSARY[objective]?.name ?? "";
