// Rules for the front end and its tests; run from the project's root.

import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["**/node_modules/**", "**/*.min.js"] },
  js.configs.recommended,
  {
    files: ["assets/**/*.js", "tests/js/**/*.mjs"],
    languageOptions: { ecmaVersion: 2023, globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "no-shadow": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": ["error", { destructuring: "all" }],
      "no-self-compare": "off", // x !== x: the quickest question for NaN
    },
  },
  { files: ["tests/js/**/*.mjs"], languageOptions: { globals: globals.node } },
];
