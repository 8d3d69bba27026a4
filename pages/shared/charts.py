"""What charts of several pages share: colours, dashes."""

#: Colour-blind-safe (Okabe and Ito, 2008), one a panel; dashes tell them apart as well.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
DASHES = ("solid", "dash", "dot", "dashdot")
