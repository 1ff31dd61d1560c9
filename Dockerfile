# The build stage has compilers, npm and the project's sources; the image that runs has none of them, and no pip.
# The Python of these images is built with profile-guided and link-time optimization.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.txt requirements-dev.txt ./
RUN python -m venv --without-pip /opt/workgraph \
    && python -m pip --python /opt/workgraph/bin/python install --require-hashes --no-deps -r requirements.txt
RUN python -m venv /opt/build && /opt/build/bin/pip install --require-hashes --no-deps -r requirements-dev.txt
COPY . .
RUN /opt/build/bin/python -m api.explorer.install \
    && /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels ./strawberry_compiled . \
    && python -m pip --python /opt/workgraph/bin/python install --no-deps /wheels/*.whl

FROM python:3.13-slim
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin workgraph \
    && install --directory --owner workgraph --group workgraph --mode 700 /data
COPY --from=build /opt/workgraph /opt/workgraph
ENV PATH=/opt/workgraph/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WORKGRAPH_ENVIRONMENT=production \
    WORKGRAPH_HOST=0.0.0.0 \
    WORKGRAPH_DATA_DIR=/data
WORKDIR /data
VOLUME /data
USER workgraph
EXPOSE 8000
CMD ["workgraph", "serve"]
