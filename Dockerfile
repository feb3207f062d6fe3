# The Python that the tests run on; service.txt is pinned for 3.11 to 3.13.
FROM python:3.11-slim AS build
WORKDIR /fairmark
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements/build.txt requirements/service.txt requirements/
# The build tools leave with this stage: they are in a folder of their own.
RUN pip install --no-cache-dir --no-deps --require-hashes --target /tools -r requirements/build.txt \
    && PYTHONPATH=/tools pip install --no-cache-dir --no-deps --require-hashes --no-build-isolation \
       -r requirements/service.txt
COPY pyproject.toml LICENSE README.md ./
COPY graders graders
COPY service service
COPY client client
RUN PYTHONPATH=/tools pip install --no-cache-dir --no-deps --no-build-isolation . \
    && python -m fairmark_graders.wordnet

FROM python:3.11-slim
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# A number, so that Kubernetes' runAsNonRoot can tell.
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --start-period=20s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
# Off the loopback the service wants keys: service/README.md.
ENTRYPOINT ["python", "-m", "fairmark_service"]
CMD ["--host", "0.0.0.0"]
