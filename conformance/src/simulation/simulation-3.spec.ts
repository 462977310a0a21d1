import { playSeeds } from './play-seeds.fixture.ts';

playSeeds(201, 100);
