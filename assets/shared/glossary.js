// Written by `python -m levelset_core.glossary`: change the terms there.

/** @type {Record<string, { symbol: string, name: string, sentence: string }>} */
export const GLOSSARY = {
  "F": {
    "symbol": "F",
    "name": "The network's output",
    "sentence": "The network's output: a number for every place x. Its sign is the predicted class."
  },
  "theta": {
    "symbol": "θ",
    "name": "The weights of the network",
    "sentence": "The weights of the network: all the numbers that training changes."
  },
  "x": {
    "symbol": "x",
    "name": "A point of the data",
    "sentence": "A point of the data: here a place in the plane, with its class y."
  },
  "y": {
    "symbol": "y",
    "name": "The class of a point",
    "sentence": "The class of a point: +1 (blue circles) or −1 (orange squares)."
  },
  "level_set": {
    "symbol": "S",
    "name": "Level set",
    "sentence": "Level set (Eq. 2): all places where the network gives the same number."
  },
  "level": {
    "symbol": "c",
    "name": "The level",
    "sentence": "The level (Eq. 2): the number that F has on a level set. On the boundary it is 0."
  },
  "S0": {
    "symbol": "S₀",
    "name": "The boundary",
    "sentence": "The boundary (Eq. 2): all places where F is 0. On one side the network says +1, on the other −1."
  },
  "S1": {
    "symbol": "S₊₁, S₋₁",
    "name": "The level sets at ±1",
    "sentence": "The level sets at ±1 (Sec. 3.2): all places where F is +1, and where it is −1. They lie on both sides of the boundary, like the edges of a road."
  },
  "p": {
    "symbol": "p",
    "name": "A point of the level set",
    "sentence": "A point of the level set (Eq. 4): where the way from x to the level set ends: at the nearest point, or at Newton's foot."
  },
  "newton": {
    "symbol": "Newton's foot",
    "name": "The point that Newton's method finds",
    "sentence": "The point that Newton's method finds (Eq. 4, 5): it walks along the gradient until F is 0. It ends on the boundary, but not always at the nearest place."
  },
  "sample_network": {
    "symbol": "p(θ)",
    "name": "The sample network",
    "sentence": "The sample network (Eq. 9): one linear layer that says how p moves when the weights change. Through it a loss can push the boundary itself."
  },
  "gradient": {
    "symbol": "DₓF",
    "name": "The gradient of F",
    "sentence": "The gradient of F: the direction in which F grows fastest, and how fast. It stands at right angles to the level set."
  },
  "pseudo_inverse": {
    "symbol": "DₓF⁺",
    "name": "The pseudo-inverse of the gradient",
    "sentence": "The pseudo-inverse of the gradient (Eq. 5): the shortest move that raises F by 1, if F were linear."
  },
  "margin": {
    "symbol": "d",
    "name": "Input margin",
    "sentence": "Input margin (Sec. 3.2): how far a point is from the boundary, in units of the plane. Negative on the wrong side."
  },
  "output_margin": {
    "symbol": "yF(x)",
    "name": "Output margin",
    "sentence": "Output margin: how strongly the network is right, as a number. It may be large although the boundary is near."
  },
  "held_out": {
    "symbol": "held-out",
    "name": "Points held out",
    "sentence": "Points held out: fresh points of the same kind, which training never sees."
  },
  "residual": {
    "symbol": "|F|",
    "name": "Newton residual",
    "sentence": "Newton residual: how far F is from 0 at a step of Newton's method. At 0.0001 or less, it has arrived."
  },
  "failed": {
    "symbol": "failed",
    "name": "Newton found no way",
    "sentence": "Newton found no way: F was flat on the way, so there was no direction to follow: the point has no foot."
  },
  "out_of_steps": {
    "symbol": "out of steps",
    "name": "Newton was stopped",
    "sentence": "Newton was stopped: it had taken as many steps as it may before F was 0."
  },
  "motion_error": {
    "symbol": "motion error",
    "name": "How wrong the prediction was",
    "sentence": "How wrong the prediction was: the difference between predicted and actual motion of the boundary, as a share of the motion."
  },
  "misclassified": {
    "symbol": "misclassified",
    "name": "A point on the wrong side",
    "sentence": "A point on the wrong side: the network gives it the other class: F has the wrong sign there."
  },
  "epsilon": {
    "symbol": "ε",
    "name": "Wanted margin",
    "sentence": "Wanted margin (Eq. 12): the distance that every point should keep from the boundary. It can be at most half the gap between the classes."
  },
  "lam11": {
    "symbol": "λ₁₁",
    "name": "Weight of the band",
    "sentence": "Weight of the band (Eq. 11): how much a wide band counts against points inside it or on the wrong side. The paper calls it λ."
  },
  "lam12": {
    "symbol": "λ₁₂",
    "name": "Weight of right points",
    "sentence": "Weight of right points (Eq. 12): how much a point counts that is on its own side, but nearer than ε. A point on the wrong side counts 1. The paper calls it λ."
  },
  "alpha": {
    "symbol": "α",
    "name": "Power of the band's width",
    "sentence": "Power of the band's width (Eq. 11): how a wide band is rewarded: λ₁₁ Δ^α is small where the band is wide, since α is negative."
  },
  "delta": {
    "symbol": "Δ",
    "name": "Width of the band",
    "sentence": "Width of the band (Eq. 11): how far apart S₀ and the nearer one of S₊₁ and S₋₁ are beside a point."
  },
  "l2": {
    "symbol": "L2",
    "name": "The straight distance",
    "sentence": "The straight distance: as a ruler measures it. Its balls are discs."
  },
  "l1": {
    "symbol": "L1",
    "name": "The sum of the differences in the coordinates",
    "sentence": "The sum of the differences in the coordinates: as one walks in a town of square blocks."
  },
  "linf": {
    "symbol": "L∞",
    "name": "The largest difference in a coordinate",
    "sentence": "The largest difference in a coordinate: its balls are squares. Attacks that change every pixel a little are measured by it."
  },
  "cross_entropy": {
    "symbol": "Cross-entropy",
    "name": "Asked only to be right",
    "sentence": "Asked only to be right: it sees the network's output alone, so the line may pass close to points."
  },
  "margin_linf": {
    "symbol": "Margin L∞",
    "name": "Asked to keep squares free",
    "sentence": "Asked to keep squares free (Eq. 12): the line should stay out of a square around every point, ε to each side."
  },
  "margin_l2": {
    "symbol": "Margin L2",
    "name": "Asked to keep discs free",
    "sentence": "Asked to keep discs free (Eq. 12): the line should stay out of a disc of radius ε around every point."
  },
  "geometric_svm": {
    "symbol": "Geometric SVM",
    "name": "Asked for a wide band",
    "sentence": "Asked for a wide band (Eq. 11): the band between S₊₁ and S₋₁ should be wide and free of points, as in a support vector machine (SVM)."
  },
  "rho": {
    "symbol": "ρ",
    "name": "The distance along one axis",
    "sentence": "The distance along one axis (Sec. 3.2): how far the boundary is along the axis in which F changes most. Quick to compute, but not a norm."
  },
  "logits": {
    "symbol": "logits",
    "name": "The outputs of a classifier",
    "sentence": "The outputs of a classifier: a number for each class. The class with the largest one is the answer."
  },
  "softmax": {
    "symbol": "softmax",
    "name": "From logits to probabilities",
    "sentence": "From logits to probabilities: it turns logits into shares that add up to 1. Where one logit is far larger than the others, its share is exactly 1 on a computer."
  },
  "cross_entropy_loss": {
    "symbol": "cross-entropy",
    "name": "The usual training loss",
    "sentence": "The usual training loss: it is large where softmax gives the right class a small share."
  },
  "class_margin": {
    "symbol": "Fʸ",
    "name": "Output margin of a classifier",
    "sentence": "Output margin of a classifier (Eq. 1): the right class's logit minus the largest other one. Below 0 the answer is wrong. It has no unit and is no distance: all logits times 300 make it 300 times as large."
  },
  "box": {
    "symbol": "box",
    "name": "What an attack may change",
    "sentence": "What an attack may change: every pixel by at most ε, where black is 0 and white is 1. In L2, a ball: the square root of the sum of all squared changes is at most ε."
  },
  "stands": {
    "symbol": "stands",
    "name": "An image that is read correctly in spite of the attack",
    "sentence": "An image that is read correctly in spite of the attack: no change that the attack tried makes the network wrong."
  },
  "clean": {
    "symbol": "Clean",
    "name": "Without an attack",
    "sentence": "Without an attack: the test images as they are."
  },
  "pgd": {
    "symbol": "PGD",
    "name": "Projected gradient descent",
    "sentence": "Projected gradient descent: the usual attack. It follows the gradient in small steps, and after each step goes back into the box."
  },
  "pgd_xent": {
    "symbol": "Cross-entropy PGD",
    "name": "PGD that makes cross-entropy large",
    "sentence": "PGD that makes cross-entropy large: 40 steps on grey images. It fails where logits are so large that cross-entropy has no gradient."
  },
  "pgd_margin": {
    "symbol": "Margin PGD",
    "name": "PGD that makes the output margin small",
    "sentence": "PGD that makes the output margin small: the right class's logit minus the largest other one. Its gradient does not depend on how large the logits are."
  },
  "pgd_worst": {
    "symbol": "Worst case",
    "name": "Both kinds of PGD, many times",
    "sentence": "Both kinds of PGD, many times: from 10 random starts, 100 steps each. An image stands if all of them fail."
  },
  "pgd_strong": {
    "symbol": "Strong PGD",
    "name": "PGD on three losses",
    "sentence": "PGD on three losses: with steps that shrink. None of the three depends on how large the logits are."
  },
  "autoattack": {
    "symbol": "AutoAttack",
    "name": "The field's standard set of four attacks",
    "sentence": "The field's standard set of four attacks: two kinds of PGD, a search for the nearest wrong image (FAB), and Square, which needs no gradient. An image stands if all four fail (Croce and Hein, 2020)."
  },
  "white_box": {
    "symbol": "white box",
    "name": "An attack that sees the network",
    "sentence": "An attack that sees the network: it follows the network's own gradient. The figure is the share of images that stand."
  },
  "black_box": {
    "symbol": "black box",
    "name": "An attack that does not see the network",
    "sentence": "An attack that does not see the network: images that fool another network are shown to this one. Where they fool it more often than its own gradient does, the gradient misleads."
  },
  "masking": {
    "symbol": "gradient masking",
    "name": "Gradients that mislead attacks",
    "sentence": "Gradients that mislead attacks: the network is as easy to fool as before, but an attack that follows its gradient does not find how."
  },
  "interval": {
    "symbol": "95% interval",
    "name": "Where the true share lies",
    "sentence": "Where the true share lies: only some images were tried, so the share of all images may differ. Of intervals made like this one (by Clopper and Pearson's rule), 95 in 100 contain it."
  },
  "standard": {
    "symbol": "Standard",
    "name": "Usual training",
    "sentence": "Usual training: on images as they are. It has never seen an attack."
  },
  "madry": {
    "symbol": "Madry",
    "name": "Adversarial training",
    "sentence": "Adversarial training: on attacked images: each is changed by PGD before the network learns from it (Madry et al., 2018). The number is the ε of these attacks."
  },
  "trades": {
    "symbol": "TRADES",
    "name": "Training on images and their attacked copies",
    "sentence": "Training on images and their attacked copies: it asks for right answers on the images, and for the same answers on the copies (Zhang et al., 2019). The number is the ε of these attacks."
  },
  "level-set": {
    "symbol": "Level set",
    "name": "The training of the paper that this program is about",
    "sentence": "The training of the paper that this program is about (Sec. 5.2): it pushes the network's boundary away from the images (Controlling Neural Level Sets, Atzmon et al., 2019). The number is the ε it asks for."
  },
  "ibp": {
    "symbol": "IBP",
    "name": "Interval bound propagation",
    "sentence": "Interval bound propagation: training that follows through all layers, as intervals, what any change within the box can do, and keeps the answer right for all of it (Gowal et al., 2019)."
  },
  "crown_ibp": {
    "symbol": "CROWN-IBP",
    "name": "IBP with tighter bounds",
    "sentence": "IBP with tighter bounds: straight lines bound what the layers can do, beside the intervals (Zhang et al., 2020)."
  },
  "mma": {
    "symbol": "MMA",
    "name": "Max-margin adversarial training",
    "sentence": "Max-margin adversarial training: each image is attacked only as far as its own boundary, and that distance is made large (Ding et al., 2020)."
  },
  "fast": {
    "symbol": "Fast",
    "name": "Adversarial training in one step",
    "sentence": "Adversarial training in one step: like Madry's, but each attack is a single step from a random start (Wong et al., 2020)."
  },
  "diverse_attacks": {
    "symbol": "Diverse attacks",
    "name": "Adversarial training against a network that attacks",
    "sentence": "Adversarial training against a network that attacks: a second network learns to make many different attacks (Jang et al., 2019)."
  },
  "kernelized_manifolds": {
    "symbol": "Kernelized manifolds",
    "name": "A network with radial functions",
    "sentence": "A network with radial functions: its layers answer to how near their input is to learned centres, so that small changes should matter little (Taghanaki et al., 2019)."
  },
  "hinge": {
    "symbol": "Hinge",
    "name": "The loss of a support vector machine",
    "sentence": "The loss of a support vector machine: it asks the output F to be at least 1 on the right side. It does not ask how far away the boundary is."
  },
  "mlp": {
    "symbol": "MLP",
    "name": "A plain network",
    "sentence": "A plain network: a multi-layer perceptron: each layer takes weighted sums of the numbers before it."
  },
  "false_position": {
    "symbol": "false position",
    "name": "A search on a segment",
    "sentence": "A search on a segment: it goes from x towards a place on the other side, along a straight line, until F is 0."
  },
  "convnet4": {
    "symbol": "ConvNet-4",
    "name": "A small network for images",
    "sentence": "A small network for images: four layers of convolutions and three fully connected ones; 4a is for grey images, 4b for colour."
  },
  "apgd_ce": {
    "symbol": "APGD-CE",
    "name": "The first attack of AutoAttack",
    "sentence": "The first attack of AutoAttack: PGD on cross-entropy that finds the length of its steps by itself."
  },
  "apgd_t": {
    "symbol": "APGD-T",
    "name": "The second attack of AutoAttack",
    "sentence": "The second attack of AutoAttack: the same on the difference of two logits (DLR), aimed at one wrong class after another."
  },
  "fab_t": {
    "symbol": "FAB-T",
    "name": "The third attack of AutoAttack",
    "sentence": "The third attack of AutoAttack: it looks for the smallest change that makes the answer a certain wrong class."
  },
  "square": {
    "symbol": "Square",
    "name": "The fourth attack of AutoAttack",
    "sentence": "The fourth attack of AutoAttack: it tries random squares of pixels and keeps those that help. It needs no gradient."
  },
  "dlr": {
    "symbol": "DLR",
    "name": "Difference of logits ratio",
    "sentence": "Difference of logits ratio: the right class's logit minus the largest other one, over a difference of the largest logits. So it does not depend on how large they are."
  },
  "state_dict": {
    "symbol": "state dict",
    "name": "The weights of a network by name",
    "sentence": "The weights of a network by name: as PyTorch saves them. It does not say how the network is built."
  },
  "safetensors": {
    "symbol": "safetensors",
    "name": "A file format for numbers",
    "sentence": "A file format for numbers: it holds weights and nothing that could run."
  },
  "onnx": {
    "symbol": "ONNX",
    "name": "A file format for networks",
    "sentence": "A file format for networks: weights and how they are combined, for programs of all kinds."
  },
  "temperature": {
    "symbol": "temperature",
    "name": "What logits are divided by",
    "sentence": "What logits are divided by: the answers stay the same, but softmax is no longer exactly 0 or 1 and cross-entropy has a gradient again."
  },
  "saturated": {
    "symbol": "saturated logits",
    "name": "Outputs so large that softmax is exactly 0 or 1",
    "sentence": "Outputs so large that softmax is exactly 0 or 1: then cross-entropy is flat, and an attack that follows it has no direction to go."
  },
  "any_box": {
    "symbol": "any-box attack",
    "name": "PGD in larger and larger boxes",
    "sentence": "PGD in larger and larger boxes: ε goes from 0.1 up to 1 until the answer flips."
  },
  "winding_number": {
    "symbol": "winding number",
    "name": "How often the points surround a place",
    "sentence": "How often the points surround a place: about 1 inside a closed surface and 0 outside, also where the points are noisy."
  },
  "octaves": {
    "symbol": "octaves",
    "name": "Sines and cosines of the coordinates as inputs",
    "sentence": "Sines and cosines of the coordinates as inputs: each octave doubles the frequency, so more of them can show finer detail."
  },
  "eq13": {
    "symbol": "Eq. 13",
    "name": "The loss of a reconstruction",
    "sentence": "The loss of a reconstruction (Sec. 3.3): F is to be 0 on the points, and elsewhere |F| is to be the distance to the nearest point."
  },
  "muon": {
    "symbol": "Muon",
    "name": "An optimizer",
    "sentence": "An optimizer: as Adam it decides how far the weights move in a step, for the matrices between layers."
  }
};
