"""Word embeddings: one trainer for every objective, on blocks of text, in pure JAX.

The map, in the order in which a text runs through it:

    word2vec.py      the estimator `Word2Vec`
    fasttext.py      the estimator `FastText`: words as means of their subwords
    doc2vec.py       the estimator `Doc2Vec`: vectors of documents
    inference.py     vectors of new documents, from a trained model
    document_tags.py what vectors of documents are called, and which documents share one
    estimator.py     what estimators share: `fit` calls the trainer and keeps what it returns
    config.py        every parameter, with default, range and description
    model_parameters.py  what each estimator lets a user set, and what a run is told
    trainer.py       one run: from a corpus to vectors, round after round
    seeds.py         several runs side by side, which differ in nothing but the seed
    run.py           where it stands: what is done after rounds and epochs; stops what diverges
    warm_start.py    what it begins with: given vectors, or a trained model; what of it stays
    model.py         a trained model: what it takes to train on, and its file
    growth.py        new text for a trained model: new words, and rows for them
    validation.py    what is measured after an epoch: held-out sentences, benchmarks
    batches.py       from the store to batches: subsampled, cut into blocks, dealt out at random
    sampling.py      the random draws: what is kept, windows, noise words
    objectives/      what a model is made of, as pure functions: loss and gradients of a batch
    update.py        the step: update damping, bounds, one scatter per table
    tables.py        tables of parameters, batches that name the rows they use, gradients of rows
    local_sgd.py     workers that train side by side, in rounds
    working_set.py   of a large table, the rows that a round uses
    tied_rows.py     tables whose rows are means of rows of a larger one, such as subwords
    merges.py        how the tables of workers are copied, synchronized and merged
    checkpoint.py    what is on disk: the token store, and where the run stands
    progress.py      what a run reports, whom it tells, the bar that shows it, the log

A walk. `Word2Vec(...).fit("corpus.txt")` checks its parameters and hands an `EmbeddingConfig` and a
`CorpusConfig` to `trainer.train_corpus`. That reads the corpus once, into a token store: int32 ids
on disk, memory-mapped. `BatchSampler` cuts the vocabulary, thins frequent words out, and lays what
is left as *blocks*: L consecutive centers with w tokens on each side, and how far the context of
each center goes. B blocks are a step, S steps a chunk. The objective, which joins an input side
with an output side, lays out the rows that a step uses: tokens, noise words, paths. `Workers` gives
chunks to threads, each with tables of its own; a thread calls `update.run_steps`, one compiled
loop. In a step the objective computes the loss and the gradients of some rows of some tables; the
update scales them by the learning rate and the row's damping weight, bounds them, and adds them to
the tables. After each chunk the workers agree on the frequent rows, after each round on all, and
the run looks at the loss, reports, and perhaps writes a checkpoint. In the end the objective
says which table holds the vectors. With a quality preset several models are trained one after the
other on the same store; `textdl.vectors.alignment` averages them. With several seeds, `seeds`
trains several models side by side on the same store, as many at once as the cores have workers for.

Everything but the objective knows tables by name and nothing of words: a table may have any number
of rows, each with its own damping weight. A new side of an objective is one file and one line in
`textdl.embed.objectives`.

All of it is a function of (corpus, config): every random draw is made from a key of its own, so the
number of threads changes nothing, and a run that was stopped and resumed ends in the same bits.
"""
