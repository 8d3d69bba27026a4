# The app as an image: `docker build -t levelset-lab .`, on a GPU with `--build-arg DEVICE=cuda`.
# docs/deploy.md says how to run it. What draws stills and films of meshes takes half a gigabyte and few
# ask for it: `--build-arg FULL=yes` brings it.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS built
ARG DEVICE=cpu
ARG FULL=no
# Where torch without CUDA is, whose libraries take 4 GB.
ARG TORCH=https://download.pytorch.org/whl/cpu
WORKDIR /built
RUN apt-get update -q && apt-get install -y -q --no-install-recommends binutils
COPY requirements.txt requirements-server.txt ./
RUN python -m venv /opt/levelset \
 && if [ "$DEVICE" = cpu ]; then from="--index-url $TORCH"; fi \
 && /opt/levelset/bin/pip install -q --no-cache-dir --no-compile ${from:-} \
        $(grep -E '^torch(vision)?==' requirements.txt) \
 && /opt/levelset/bin/pip install -q --no-cache-dir --no-compile \
        -r requirements.txt -r requirements-server.txt
COPY deploy/slim.sh ./
RUN FULL=$FULL sh slim.sh /opt/levelset

FROM python:${PYTHON}-slim
RUN useradd --uid 1000 --create-home levelset && mkdir /data && chown levelset /data
COPY --from=built /opt/levelset /opt/levelset
WORKDIR /app
COPY app.py ./
COPY .streamlit/config.toml .streamlit/
COPY pages pages
COPY assets assets
COPY levelset_core levelset_core
USER 1000
# Compiled files would take 150 MB: the first start makes them, for all that follow.
ENV PATH=/opt/levelset/bin:$PATH PYTHONUNBUFFERED=1 PYTHONPYCACHEPREFIX=/data/.pycache \
    LEVELSET_RUNS=/data/runs LEVELSET_DATA=/data/sets LEVELSET_LOG=json
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:8501/healthz', timeout=4)"]
CMD ["python", "-m", "levelset_core", "app", "--no-browser", "--host", "0.0.0.0", "--port", "8501"]
