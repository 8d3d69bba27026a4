"""Few samples: the geometric SVM against cross-entropy and hinge (Fig. 2)."""
