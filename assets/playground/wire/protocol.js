// Written by `python -m levelset_core.live.protocol`: change the classes there.

/**
 * The first message of a WebSocket, which hears nothing before. The server closes it with 4403
if the token is wrong, with 4404 if the session is gone.
 * @typedef {Object} Open
 * @property {"open"} op
 * @property {string} session its id, as in the page's address
 * @property {string} token of the session, which the page was told; it stands in no address
 */

/**
 * What this browser draws. The worker computes what any browser of the session draws.
 * @typedef {Object} View
 * @property {"view"} op
 * @property {number} field nodes along a side of the grid that F is drawn on
 * @property {string[]} overlays of contours, field, path, balls, margins, gradients, axis, motion; other names are ignored
 * @property {string} [also] overlays drawn for a while only, joined by commas; no state keeps them
 */

/**
 * Asks for one picture. It comes when something has changed; so none piles up.
 * @typedef {Object} Next
 * @property {"next"} op
 * @property {number} [frame] number of the picture it has; 0: none yet, so one comes at once
 */

/**
 * All points. To the server: after an edit. From it: after an edit elsewhere.
 * @typedef {Object} Points
 * @property {"points"} op
 * @property {number} version of the list; grows at every change
 * @property {number[][]} points [x, y, label] each, a label is 1 or -1
 */

/**
 * A button.
 * @typedef {Object} Control
 * @property {"control"} op
 * @property {string} action play, pause, step, reset, seed (the next one), fast (no slow beginning) or undo (the last change of the settings)
 */

/**
 * Stops, and goes back to a moment that was kept. Play goes on from there.
 * @typedef {Object} Seek
 * @property {"seek"} op
 * @property {number} step of the moment, or the last one kept before it
 */

/**
 * Sets how fast it trains.
 * @typedef {Object} Speed
 * @property {"speed"} op
 * @property {number} steps a second, at most; 0 is as fast as it goes
 */

/**
 * Asks what F is at one place.
 * @typedef {Object} Probe
 * @property {"probe"} op
 * @property {number} panel index of the panel
 * @property {number} x place in the plane
 * @property {number} y place in the plane
 * @property {number} [id] of the question; the answer repeats it
 */

/**
 * The first message.
 * @typedef {Object} Hello
 * @property {"hello"} op
 * @property {number} client this browser's number in the session
 * @property {number[][]} points as in `points`
 * @property {number} version of the points
 * @property {boolean} playing whether training goes on
 * @property {boolean} opening whether a browser shall press play: nobody has pressed anything yet
 */

/**
 * The server has the points of this version.
 * @typedef {Object} Ack
 * @property {"ack"} op
 * @property {number} version as sent
 * @property {number} count number of points
 */

/**
 * The answer to a `probe`.
 * @typedef {Object} Probed
 * @property {"probe"} op
 * @property {number} id of the question
 * @property {number} panel of the question
 * @property {number} value F
 * @property {number} gradient |D_xF|
 * @property {number | null} distance to the zero level set; null: none found
 * @property {number[] | null} foot [x, y], the nearest point found there
 */

/**
 * Whether it trains: with every news of the worker.
 * @typedef {Object} State
 * @property {"state"} op
 * @property {boolean} playing whether training goes on
 * @property {string} status running, paused or empty (no points)
 * @property {number} sharing sessions that take turns at training where this one trains
 * @property {number} steps_per_second of the last second or so
 */

/**
 * Somebody changed what is shown beside the points: the page asks the server for it.
 * @typedef {Object} Settings
 * @property {"settings"} op
 * @property {number} version of the settings; grows at every change
 * @property {string[]} overlays what who only watches sees
 */

/**
 * How many browsers look at this session; at every change.
 * @typedef {Object} People
 * @property {"people"} op
 * @property {number} watching browsers that only watch
 * @property {number} taking_part browsers that may change it
 */

/**
 * Something was wrong.
 * @typedef {Object} Failed
 * @property {"error"} op
 * @property {string} message one sentence
 */

/**
 * What a picture says of one panel. A number without a meaning yet is null.
 * @typedef {Object} PanelHeader
 * @property {string} title of the objective
 * @property {string} objective its name
 * @property {string} distance that it is trained in: l2, linf or rho
 * @property {string} norm that its margins are measured in: l2 or linf
 * @property {number} step training steps done
 * @property {number | null} loss of the last step
 * @property {number | null} accuracy share of the points on their side
 * @property {number | null} heldout the same of fresh points of the preset
 * @property {number | null} margin_min smallest signed margin of a point
 * @property {number | null} margin_median the median of them
 * @property {number | null} converged share of the projections that converged
 * @property {number} failed projections that found nothing
 * @property {number} scale F = `field` times this
 * @property {number | null} motion_error relative error of the predicted motion, median
 * @property {string} trouble how it has collapsed and what helps; empty where it has not
 */

/**
 * The JSON header of a picture. `arrays` follows the fields here: see the layout.
 * @typedef {Object} FrameHeader
 * @property {number} frame number of the picture
 * @property {boolean} playing whether training goes on
 * @property {string} status as in `state`
 * @property {number} sharing as in `state`
 * @property {number} steps_per_second of the last second or so
 * @property {boolean} opening whether it goes slowly through the first steps
 * @property {number} newest the last step that was reached; a moment before it may be shown
 * @property {number} every steps between two moments that are kept
 * @property {number} speed wanted steps a second; 0 is as fast as it goes
 * @property {number} version of the points that it shows
 * @property {number} epsilon of the settings
 * @property {number} wanted_margin that an objective asks for; 0: none does
 * @property {string} distance that margins are measured in
 * @property {PanelHeader[]} panels one a panel
 */

/** @typedef {Open | View | Next | Points | Control | Seek | Speed | Probe} FromBrowser */

/** @typedef {Hello | Ack | Points | Probed | State | Settings | People | Failed} ToBrowser */

/**
 * An array of a picture.
 * @typedef {"field" | "margin" | "output" | "foot" | "flag" | "path" | "residual" | "gradient" | "axis" | "motion"} ArrayName
 */

export {};
