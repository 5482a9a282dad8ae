"""Where torch keeps what: the dotted names that differ between torch and Rushlight.

A torch module ``torch.X`` is by default the Rushlight module ``rushlight.X``; ``MODULES`` lists those that live
elsewhere. ``HOMES`` lists, for torch's inner modules, the classes they define. It answers two questions: which
module ``type(x)`` names under the alias, and what ``from torch.nn.modules.linear import Linear`` gives.
"""

from __future__ import annotations

MODULES = {
    "torch.utils.data._utils.collate": "rushlight.data.collate",
    "torch.utils.data._utils.worker": "rushlight.data.workers",
    "torch.utils.data": "rushlight.data",
    "torch.cuda.amp": "rushlight.backends.cuda_amp",
    "torch.torch_version": "rushlight.compat.version",
    "torch.distributed._tensor": "rushlight.distributed.tensor",
}

# Torch's public modules whose classes HOMES names, longest first, each with the part of Rushlight that defines them.
PUBLIC = {
    "torch.utils.data": "data",
    "torch.distributions": "distributions",
    "torch.autograd": "autograd",
    "torch.nn.utils": "nn",
    "torch.optim": "optim",
    "torch.nn": "nn",
    "torch": "",
}

_TABLE = """
torch: Tensor Size device dtype finfo iinfo layout memory_format
torch._C: Generator
torch._functorch.make_functional: FunctionalModule FunctionalModuleWithBuffers
torch._tensor:
torch.functional:
torch.utils:
torch.utils.data._utils:
torch.utils.data.dataloader: DataLoader
torch.utils.data.dataset: ChainDataset ConcatDataset Dataset IterableDataset StackDataset Subset \
 TensorDataset random_split
torch.utils.data.distributed: DistributedSampler
torch.utils.data.sampler: BatchSampler RandomSampler Sampler SequentialSampler SubsetRandomSampler WeightedRandomSampler
torch.nn.parameter: Buffer Parameter UninitializedBuffer UninitializedParameter
torch.nn.modules:
torch.nn.modules.activation: CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid \
 LogSoftmax Mish MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus \
 Softshrink Softsign Tanh Tanhshrink Threshold
torch.nn.modules.adaptive: AdaptiveLogSoftmaxWithLoss
torch.nn.modules.batchnorm: BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d \
 SyncBatchNorm _BatchNorm _NormBase
torch.nn.modules.channelshuffle: ChannelShuffle
torch.nn.modules.container: ModuleDict ModuleList ParameterDict ParameterList Sequential
torch.nn.modules.conv: Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d \
 LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d _ConvNd _ConvTransposeNd
torch.nn.modules.distance: CosineSimilarity PairwiseDistance
torch.nn.modules.dropout: AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout _DropoutNd
torch.nn.modules.flatten: Flatten Unflatten
torch.nn.modules.fold: Fold Unfold
torch.nn.modules.instancenorm: InstanceNorm1d InstanceNorm2d InstanceNorm3d _InstanceNorm
torch.nn.modules.linear: Bilinear Identity LazyLinear Linear NonDynamicallyQuantizableLinear
torch.nn.modules.loss: BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss \
 HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss MultiLabelMarginLoss \
 MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss NLLLoss2d PoissonNLLLoss SmoothL1Loss SoftMarginLoss \
 TripletMarginLoss TripletMarginWithDistanceLoss _Loss _WeightedLoss
torch.nn.modules.module: Module _IncompatibleKeys _addindent
torch.nn.modules.normalization: CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm RMSNorm
torch.nn.modules.padding: CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d \
 ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d \
 ZeroPad2d ZeroPad3d
torch.nn.modules.pixelshuffle: PixelShuffle PixelUnshuffle
torch.nn.modules.pooling: AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d \
 AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d LPPool3d \
 MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d
torch.nn.modules.rnn: GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase
torch.nn.modules.sparse: Embedding EmbeddingBag
torch.nn.modules.transformer: Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder \
 TransformerEncoderLayer _get_activation_fn _get_clones
torch.nn.modules.upsampling: Upsample UpsamplingBilinear2d UpsamplingNearest2d
torch.nn.modules.utils: consume_prefix_in_state_dict_if_present _single _pair _triple _quadruple _ntuple
torch.nn.utils.clip_grad: clip_grad_norm clip_grad_norm_ clip_grad_value_ clip_grads_with_norm_ get_total_norm
torch.nn.utils.convert_parameters: parameters_to_vector vector_to_parameters
torch.nn.utils.init: skip_init
torch.nn.utils.prune: BasePruningMethod CustomFromMask Identity L1Unstructured LnStructured PruningContainer \
 RandomStructured RandomUnstructured
torch.nn.utils.rnn: PackedSequence
torch.nn.utils.spectral_norm: SpectralNorm remove_spectral_norm spectral_norm
torch.nn.utils.weight_norm: WeightNorm remove_weight_norm weight_norm
torch.optim._adafactor: Adafactor
torch.optim._muon: Muon
torch.optim.adadelta: Adadelta
torch.optim.adagrad: Adagrad
torch.optim.adam: Adam
torch.optim.adamax: Adamax
torch.optim.adamw: AdamW
torch.optim.asgd: ASGD
torch.optim.lbfgs: LBFGS
torch.optim.lr_scheduler: ChainedScheduler ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR \
 ExponentialLR LRScheduler LambdaLR LinearLR MultiStepLR MultiplicativeLR OneCycleLR PolynomialLR ReduceLROnPlateau \
 SequentialLR StepLR
torch.optim.nadam: NAdam
torch.optim.optimizer: Optimizer
torch.optim.radam: RAdam
torch.optim.rmsprop: RMSprop
torch.optim.rprop: Rprop
torch.optim.sgd: SGD
torch.optim.sparse_adam: SparseAdam
torch.optim.swa_utils: AveragedModel SWALR
torch.autograd.anomaly_mode: detect_anomaly set_detect_anomaly
torch.autograd.function: Function FunctionCtx once_differentiable
torch.autograd.grad_mode: enable_grad inference_mode no_grad set_grad_enabled set_multithreading_enabled
torch.autograd.variable: Variable
torch.distributions.bernoulli: Bernoulli
torch.distributions.beta: Beta
torch.distributions.binomial: Binomial
torch.distributions.categorical: Categorical
torch.distributions.continuous_bernoulli: ContinuousBernoulli
torch.distributions.dirichlet: Dirichlet
torch.distributions.distribution: Distribution
torch.distributions.exponential: Exponential
torch.distributions.gamma: Gamma
torch.distributions.geometric: Geometric
torch.distributions.independent: Independent
torch.distributions.laplace: Laplace
torch.distributions.log_normal: LogNormal
torch.distributions.multinomial: Multinomial
torch.distributions.multivariate_normal: MultivariateNormal
torch.distributions.normal: Normal
torch.distributions.poisson: Poisson
torch.distributions.uniform: Uniform
torch.distributions.cauchy: Cauchy
torch.distributions.chi2: Chi2
torch.distributions.constraints: Constraint _DependentProperty
torch.distributions.exp_family: ExponentialFamily
torch.distributions.gumbel: Gumbel
torch.distributions.half_cauchy: HalfCauchy
torch.distributions.half_normal: HalfNormal
torch.distributions.mixture_same_family: MixtureSameFamily
torch.distributions.negative_binomial: NegativeBinomial
torch.distributions.one_hot_categorical: OneHotCategorical OneHotCategoricalStraightThrough
torch.distributions.pareto: Pareto
torch.distributions.relaxed_bernoulli: LogitRelaxedBernoulli RelaxedBernoulli
torch.distributions.relaxed_categorical: ExpRelaxedCategorical RelaxedOneHotCategorical
torch.distributions.studentT: StudentT
torch.distributions.transformed_distribution: TransformedDistribution
torch.distributions.transforms: AbsTransform AffineTransform CatTransform ComposeTransform CorrCholeskyTransform \
 CumulativeDistributionTransform ExpTransform IndependentTransform LowerCholeskyTransform PositiveDefiniteTransform \
 PowerTransform ReshapeTransform SigmoidTransform SoftmaxTransform SoftplusTransform StackTransform \
 StickBreakingTransform TanhTransform Transform
torch.distributions.fishersnedecor: FisherSnedecor
torch.distributions.generalized_pareto: GeneralizedPareto
torch.distributions.inverse_gamma: InverseGamma
torch.distributions.kumaraswamy: Kumaraswamy
torch.distributions.lkj_cholesky: LKJCholesky
torch.distributions.logistic_normal: LogisticNormal
torch.distributions.lowrank_multivariate_normal: LowRankMultivariateNormal
torch.distributions.von_mises: VonMises
torch.distributions.wishart: Wishart
torch.distributions.weibull: Weibull
"""

HOMES = {
    path: tuple(names.split())
    for path, _, names in (line.partition(":") for line in _TABLE.replace("\\\n", " ").strip().splitlines())
}


def public_module(path: str) -> str:
    """The public torch module that an inner one belongs to: ``torch.nn`` for ``torch.nn.modules.linear``."""
    return next(public for public in PUBLIC if path == public or path.startswith(public + "."))


def rushlight_path(torch_path: str) -> str:
    """Our dotted name for one of torch's: ``rushlight.data.sampler`` for ``torch.utils.data.sampler``."""
    for prefix, ours in MODULES.items():
        if torch_path == prefix or torch_path.startswith(prefix + "."):
            return ours + torch_path[len(prefix) :]
    return "rushlight" + torch_path[len("torch") :]


def torch_path(rushlight_path: str) -> str:
    """The inverse: torch's dotted name for one of ours."""
    for prefix, ours in MODULES.items():
        if rushlight_path == ours or rushlight_path.startswith(ours + "."):
            return prefix + rushlight_path[len(ours) :]
    return "torch" + rushlight_path[len("rushlight") :]


# (part of Rushlight, class name) -> the module torch says it is from.
CLASS_HOME = {(PUBLIC[public_module(path)], name): path for path, names in HOMES.items() for name in names}
