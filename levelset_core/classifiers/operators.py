"""The operators that a stranger's graph may use: tensors in, tensors out, and nothing else.

A list, as PyTorch has operators that read files, raw pointers or memory that is not theirs. Its
first part is PyTorch's own: what it tags as *core* and as *pointwise*.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import Any

import torch

from levelset_core.errors import LevelsetError


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Composite operators that ``torch.export`` keeps as they are called, and a few tagged as neither.
COMPOSITE = _words("""
    conv1d conv2d conv3d conv_transpose1d conv_transpose2d linear matmul mm mv bmm baddbmm addmv
    addbmm dot vdot outer ger inner einsum tensordot bilinear kron batch_norm instance_norm
    layer_norm group_norm rms_norm _weight_norm _weight_norm_interface native_batch_norm
    _native_batch_norm_legit _native_batch_norm_legit_no_training _fused_rms_norm prelu
    _prelu_kernel rrelu rrelu_with_noise selu hardswish log_sigmoid log_sigmoid_forward glu
    softmax log_softmax _softmax _log_softmax special_softmax special_log_softmax special_expit
    max_pool1d max_pool2d max_pool3d avg_pool1d adaptive_avg_pool1d adaptive_avg_pool2d
    adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d _adaptive_avg_pool2d
    max_pool1d_with_indices upsample_nearest1d upsample_nearest3d upsample_linear1d
    upsample_bicubic2d upsample_trilinear3d _upsample_nearest_exact1d _upsample_nearest_exact2d
    _upsample_bilinear2d_aa _upsample_bicubic2d_aa grid_sampler affine_grid_generator
    pixel_shuffle pixel_unshuffle channel_shuffle native_channel_shuffle im2col unfold pad
    _pad_circular _pad_enum replication_pad1d roll rot90 fliplr flipud tile expand_as broadcast_to
    broadcast_tensors repeat_interleave reshape reshape_as view_as _unsafe_view _reshape_copy
    flatten unflatten ravel transpose t swapaxes swapdims movedim moveaxis mT numpy_T adjoint
    squeeze narrow split tensor_split chunk unbind unsafe_split unsafe_chunk
    unsafe_split_with_sizes hsplit vsplit dsplit stack hstack vstack dstack concat concatenate
    column_stack atleast_1d atleast_2d atleast_3d take_along_dim scatter_add masked_fill zeros
    ones eye linspace zeros_like ones_like new_zeros new_ones new_full scalar_tensor meshgrid tril
    triu tril_indices triu_indices diag diag_embed one_hot norm linalg_vector_norm linalg_norm
    frobenius_norm linalg_multi_dot cosine_similarity cdist _cdist_forward _euclidean_dist
    pairwise_distance dist std var_mean std_mean logsumexp special_logsumexp aminmax median all
    cummax cummin cumprod logcumsumexp argsort kthvalue msort nanmean nansum bucketize
    searchsorted count_nonzero scaled_dot_product_attention
    _scaled_dot_product_flash_attention_for_cpu _native_multi_head_attention
    _transformer_encoder_layer_fwd _scaled_dot_product_attention_math _safe_softmax dropout
    feature_dropout alpha_dropout feature_alpha_dropout bernoulli rand_like randn_like randint
    randint_like normal uniform normal_functional to type_as float contiguous detach lift_fresh
    lift_fresh_copy lift _to_copy clone zero fill copy absolute subtract multiply divide negative
    greater greater_equal less less_equal not_equal floor_divide arccos arcsin arctan arctan2 fix
    __and__ __or__ __xor__ square fft_fft2 fft_ifft2 fft_rfft2 fft_irfft2 fft_fftn fft_ifftn
    fft_rfftn fft_irfftn fft_fft fft_ifft fft_rfft fft_irfft fft_fftshift fft_ifftshift _fft_c2c
    _fft_r2c _fft_c2r index_fill index_add index_copy exponential log_normal cauchy geometric
    view_as_real view_as_complex real imag complex
""")
#: Tagged as core, but they show memory as it lies, change their meaning with it, or are not pure.
_EXCLUDED = frozenset(["empty_strided", "resize", "sym_stride", "sym_storage_offset"])
_ON_VALUES = frozenset(["nonzero", "masked_scatter", "_local_scalar_dense"])
#: Nothing depends on them here: what they assert is seen when the graph runs.
SKIPPED = _words("""
    _assert_tensor_metadata _assert_scalar _assert_async sym_constrain_range
    sym_constrain_range_for_size
""")
#: They give memory as it lies: zeros instead.
EMPTY = {
    "empty": "zeros", "empty_like": "zeros_like", "new_empty": "new_zeros",
    "empty_permuted": "zeros",
}  # fmt: skip
#: They draw; the dropouts and rrelu only in training mode.
RANDOM = _words("""
    exponential log_normal cauchy geometric bernoulli rand randn rand_like randn_like randint
    randint_like randperm normal uniform normal_functional
""")
DROPOUTS = _words("""
    dropout feature_dropout alpha_dropout feature_alpha_dropout native_dropout rrelu
    rrelu_with_noise
""")
#: They give as many tensors as an axis is long.
SPLITTING = _words("""
    split split_with_sizes tensor_split chunk unbind unsafe_split unsafe_chunk
    unsafe_split_with_sizes hsplit vsplit dsplit
""")
MAX_SIZE = 2**63


def _bounded(f: Callable[..., Any]) -> Callable[..., Any]:
    def compute(*values: Any) -> Any:
        found = f(*values)
        if abs(found) >= MAX_SIZE:
            raise LevelsetError("The exported program computes a size that is out of range.")
        return found

    return compute


#: Arithmetic on sizes.
SIZES: dict[str, Callable[..., Any]] = {
    **{
        f"_operator.{name}": _bounded(getattr(operator, name))
        for name in ("add", "sub", "mul", "floordiv", "mod", "neg", "truediv")
    },
    **{
        f"_operator.{name}": getattr(operator, name)
        for name in ("eq", "ne", "lt", "le", "gt", "ge", "and_", "or_", "not_", "getitem")
    },
    "math.ceil": lambda x: -int(-x // 1), "math.floor": lambda x: int(x // 1),
    "math.trunc": int, "torch.sym_int": int, "torch.sym_float": float,
    "torch.sym_not": operator.not_, "torch.sym_max": max, "torch.sym_min": min,
}  # fmt: skip


@cache
def allowed(name: str) -> bool:
    """Whether an operator of ``torch.ops.aten`` may be used; of one in place, its plain name."""
    if name in COMPOSITE:
        return True
    if (
        name in EMPTY
        or name in _EXCLUDED
        or name in _ON_VALUES
        or name.startswith("_")
        or "backward" in name
    ):
        return False
    packet = getattr(torch.ops.aten, name, None)
    if packet is None or not hasattr(packet, "overloads"):
        return False
    tags = {tag for overload in packet.overloads() for tag in getattr(packet, overload).tags}
    return torch.Tag.core in tags or torch.Tag.pointwise in tags


def plain_name(target: str) -> tuple[str, bool]:
    """The name of ``torch.ops.aten.NAME.OVERLOAD`` without the _ of one in place, and whether."""
    name = target.split(".")[3]
    in_place = name.endswith("_") and not name.endswith("__")
    return (name[:-1] if in_place else name), in_place


def overload_of(target: str) -> Any:
    """The operator of a name as ``torch.ops.aten.add.Tensor``.

    Raises:
        LevelsetError: it is not allowed, with the reason.
    """
    parts = target.split(".")
    if parts[:3] != ["torch", "ops", "aten"] or len(parts) != 5:
        raise refusal(target)
    if (zeros := EMPTY.get(parts[3])) is not None:
        return getattr(torch.ops.aten, zeros).default
    name, in_place = plain_name(target)
    packet = getattr(torch.ops.aten, parts[3], None)
    if not allowed(name) or packet is None or parts[4] not in packet.overloads():
        raise refusal(target)
    overload = getattr(packet, parts[4])
    written = [a.alias_info is not None and a.alias_info.is_write for a in _arguments(overload)]
    if any(written[in_place:]):  # results go into arguments
        raise refusal(target)
    return overload


def _arguments(overload: Any) -> list[Any]:
    found: list[Any] = list(overload._schema.arguments)
    return found


def refusal(target: str) -> LevelsetError:
    """The sentence for an operator that is not allowed: what it is, and why not."""
    parts = target.split(".")
    library = parts[2] if parts[:2] == ["torch", "ops"] and len(parts) > 3 else ""
    name = parts[3] if library else parts[-1]
    begin = f"The exported program uses {target}, which is not supported here: "
    if library == "higher_order":
        return LevelsetError(
            f"{begin}it chooses or repeats parts of the network by what an image holds."
        )
    if library.startswith("quantized") or "quantize" in name:
        return LevelsetError(
            f"{begin}it computes with integers (a quantized network), so gradients do not exist; "
            "export the network before it was quantized."
        )
    if library and library != "aten":
        return LevelsetError(
            f"{begin}it is code of another library ({library}), and no code of a file is run."
        )
    if name in _ON_VALUES or name in ("item", "masked_select", "unique", "_unique2", "argwhere"):
        return LevelsetError(
            f"{begin}its result's size, or a number of the program, depends on what an image holds."
        )
    if name in _EXCLUDED or name in ("set_", "from_file"):
        return LevelsetError(f"{begin}it reaches memory or files as they lie.")
    if name in ("lstm", "gru", "rnn_tanh", "rnn_relu"):
        return LevelsetError(f"{begin}recurrent layers are not among the layers of this program.")
    return LevelsetError(f"{begin}it is not on the list of operators that are known to be safe.")
